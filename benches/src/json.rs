//! A run as data: what `--json` writes and what baselines hold.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::{Figure, JudgedBar, Machine};

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Where it ran, and what.
    pub machine: Machine,
    /// When it ended, in seconds since 1970.
    #[serde(default)]
    pub seconds: u64,
    /// Whether its inputs were the small ones.
    pub quick: bool,
    /// Limits of the machine that the run measured.
    pub limits: Vec<Figure>,
    /// The lines that ran.
    pub lines: Vec<LineRecord>,
}

/// One line of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineRecord {
    /// The line's name.
    pub name: String,
    /// The line's number, if it has one.
    pub number: Option<u8>,
    /// What it finds out.
    #[serde(default)]
    pub question: String,
    /// Whether it passed.
    pub passed: bool,
    /// What it measured; nothing if it broke off.
    pub figures: Vec<Figure>,
    /// The bars of the figures, judged.
    #[serde(default)]
    pub bars: Vec<JudgedBar>,
    /// What could not be measured, or was wrong.
    #[serde(default)]
    pub failures: Vec<String>,
    /// What a reader should know beside the figures.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Record {
    /// Returns how many lines passed, and of how many.
    #[must_use]
    pub fn passes(&self) -> (usize, usize) {
        (self.lines.iter().filter(|line| line.passed).count(), self.lines.len())
    }

    /// Writes the run to a file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// Reads a run from a file.
    ///
    /// # Errors
    /// If the file cannot be read or is no run.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("reading {} as a run", path.display()))
    }
}
