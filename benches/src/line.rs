//! One line of the report: a question and the code that answers it with figures.

use anyhow::Result;

use crate::{Context, Outcome};

/// One line of the report. A file under `lines/` submits it with `inventory::submit!`.
#[derive(Debug)]
pub struct Line {
    /// Its name, for `--only` and for baselines; lower case.
    pub name: &'static str,
    /// Its number, for the ten lines that have one.
    pub number: Option<u8>,
    /// What the line finds out, as a question.
    pub question: &'static str,
    /// Ways to break what it measures, by name: with any of them the line must fail, and a test sees that it does.
    /// The line asks its [`Context::has_fault`].
    pub faults: &'static [&'static str],
    /// Measures. An error means that an output was wrong or could not be made.
    pub run: fn(&mut Context) -> Result<Outcome>,
}

inventory::collect!(Line);

/// Returns every line of this crate, numbered ones first, then by name.
#[must_use]
pub fn registered() -> Vec<&'static Line> {
    let mut lines: Vec<&Line> = inventory::iter::<Line>.into_iter().collect();
    lines.sort_by_key(|line| (line.number.unwrap_or(u8::MAX), line.name));
    lines
}
