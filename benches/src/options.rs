//! The runner's command line.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Parser, ValueEnum};

use crate::{Line, Size};

/// Measures what MMSB promises and tells whether it holds.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench")]
pub struct Options {
    /// Run these lines only: names or numbers, with commas between them [default: the ten with numbers].
    #[arg(long, value_delimiter = ',', value_name = "LINES")]
    pub only: Vec<String>,
    /// Run every line, with a number or without.
    #[arg(long, conflicts_with = "only")]
    pub all: bool,
    /// Smaller inputs and fewer repeats, the same checks; the ten take under 60 seconds.
    #[arg(long)]
    pub quick: bool,
    /// As --quick, and bars on time and speed are shown but decide nothing: for machines that do other work beside.
    #[arg(long, conflicts_with = "baseline")]
    pub smoke: bool,
    /// Measure what a user would take instead, too, where a line has peers.
    #[arg(long)]
    pub peers: bool,
    /// Write the run to this file as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the run to this file as a page for a browser, with the stored runs of this machine as lines.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Store the run as this machine's newest baseline, or compare it with the newest.
    #[arg(long, value_name = "WHAT")]
    pub baseline: Option<BaselineAction>,
    /// Where baselines lie [default: benches/baselines].
    #[arg(long, value_name = "DIR")]
    pub baselines: Option<PathBuf>,
    /// Where lines may write files [default: target/bench in the workspace].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Measure this alone, for a run that started this process, and print the outcome as JSON.
    #[arg(long, hide = true, value_name = "NAME")]
    pub child: Option<String>,
    /// Smaller than makes sense: for tests that look at checks, not at figures.
    #[arg(long, hide = true, conflicts_with = "baseline")]
    pub tiny: bool,
    /// Break what is measured in this way: the line that knows it must fail.
    #[arg(long, hide = true, value_name = "NAME", conflicts_with = "baseline")]
    pub fault: Option<String>,
    /// List the lines and run none.
    #[arg(long)]
    pub list: bool,
}

/// What to do with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BaselineAction {
    /// Store this run.
    Save,
    /// Compare this run with the stored one.
    Compare,
}

impl Options {
    /// Returns how large the inputs are to be.
    #[must_use]
    pub const fn size(&self) -> Size {
        match (self.tiny, self.quick || self.smoke) {
            (true, _) => Size::Tiny,
            (_, true) => Size::Quick,
            _ => Size::Full,
        }
    }

    /// Returns the lines that `--only` names, in the report's order; without it the numbered ones, and with `--all` or
    /// `--list` all.
    ///
    /// # Errors
    /// If a name or number is unknown; the message lists the known ones.
    pub fn select<'a>(&self, lines: &[&'a Line]) -> Result<Vec<&'a Line>> {
        for word in &self.only {
            if !lines.iter().any(|line| is_called(line, word)) {
                let known: Vec<String> = lines.iter().map(|line| call(line)).collect();
                bail!("no line is called `{word}`; there are {}", known.join(", "));
            }
        }
        let wanted = |line: &&Line| match &*self.only {
            [] => self.all || self.list || line.number.is_some(),
            only => only.iter().any(|word| is_called(line, word)),
        };
        Ok(lines.iter().copied().filter(wanted).collect())
    }

    /// Refuses a fault that none of the lines knows: nothing would be broken.
    ///
    /// # Errors
    /// If there is such a fault; the message lists the known ones.
    pub fn check_fault(&self, lines: &[&Line]) -> Result<()> {
        let known: Vec<&str> = lines.iter().flat_map(|line| line.faults).copied().collect();
        match self.fault.as_deref() {
            Some(fault) if !known.contains(&fault) => {
                bail!("no chosen line can be broken by `{fault}`, but by {}", known.join(", "))
            }
            _ => Ok(()),
        }
    }
}

fn is_called(line: &Line, word: &str) -> bool {
    line.name == word || line.number.is_some_and(|number| number.to_string() == word)
}

fn call(line: &Line) -> String {
    line.number.map_or_else(|| line.name.to_owned(), |number| format!("{} ({number})", line.name))
}
