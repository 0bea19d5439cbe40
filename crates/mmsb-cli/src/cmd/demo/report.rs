//! What the demo says: one line a step, and whether its check held.

use std::{fmt::Display, io, path::Path};

use crate::{
    cmd::Outcome,
    render::{Out, Table, unless_gone},
};

const CHECK_MARK: &str = "\u{2713}";
const CROSS: &str = "\u{2717}";

/// The demo's lines, and how many checks failed.
#[derive(Debug)]
pub struct Report<'o> {
    out: &'o mut Out,
    failed_count: u32,
}

impl<'o> Report<'o> {
    /// Starts with nothing said.
    pub fn new(out: &'o mut Out) -> Self {
        Self { out, failed_count: 0 }
    }

    /// Begins a step.
    pub fn title(&mut self, title: &str) -> io::Result<()> {
        self.say(self.out.paint.bold(title))?;
        // Steps take a moment: people see which one runs.
        unless_gone(self.out.flush())
    }

    /// Says a line.
    pub fn note(&mut self, note: impl Display) -> io::Result<()> {
        self.say(format_args!("    {note}"))
    }

    /// Prints a table.
    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        table.to_string().lines().try_for_each(|line| self.note(line))
    }

    /// Tells whether a check held.
    pub fn check(&mut self, holds: bool, claim: impl Display) -> io::Result<()> {
        self.failed_count += u32::from(!holds);
        let mark = if holds { self.out.paint.good(CHECK_MARK) } else { self.out.paint.bad(CROSS) };
        self.say(format_args!("  {mark} {claim}"))
    }

    /// Sums up, and says what to try next on the buses kept.
    pub fn end(mut self, kept: Option<&Path>) -> anyhow::Result<Outcome> {
        if self.failed_count > 0 {
            self.say(self.out.paint.bad(&format!("{} checks failed.", self.failed_count)))?;
            return Ok(Outcome::Failed);
        }
        self.say(self.out.paint.bold("All checks hold."))?;
        if let Some(dir) = kept {
            let (first, second) = (dir.join("first.mmsb"), dir.join("second.mmsb"));
            self.say(format_args!("Kept: try `mmsb diff {} {}`", first.display(), second.display()))?;
        }
        Ok(Outcome::Same)
    }
    /// Says a line; where nobody listens any more, the checks go on and the exit code tells.
    fn say(&mut self, line: impl Display) -> io::Result<()> {
        unless_gone(self.out.line(line))
    }
}
