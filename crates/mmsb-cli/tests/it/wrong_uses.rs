//! Every wrong use: exit code 2 and one clear line.

mod arguments;
mod imports;
mod readers;

use std::path::Path;

use crate::command::{contents, mmsb};

/// Runs commands that must be refused, and returns what they say, a line each.
#[track_caller]
fn refusals(dir: &Path, commands: &[&str]) -> String {
    let before = contents(dir);
    let mut lines = String::new();
    for command in commands {
        let ran = mmsb(dir, &command.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.code, ran.text()), (2, ""), "{command}: {}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1, "{command}: {}", ran.stderr);
        lines += &ran.stderr;
    }
    assert_eq!(contents(dir), before, "a refused command changed a file");
    lines
}
