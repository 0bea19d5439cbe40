//! Validators: each kind of violation, and only that, is told by its own rule and place.

mod commits;
mod functions;
mod reasons;
mod records;

use mmsb::{Violation, validate::files_of};

use crate::hostile::forge::{Forged, write};

fn told(found: &[Violation]) -> String {
    found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Writes commits that no bus would make into a log, and returns what is told of it.
#[track_caller]
fn found(commits: &[Forged]) -> String {
    told(&files_of(write(commits).0).unwrap())
}
