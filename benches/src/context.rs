//! What a line may ask of its run: size, seed, limits, a place on disk.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use indicatif::ProgressBar;
use tempfile::TempDir;

use crate::{
    Figure, LimitKind, REPEATS_MIN, Random, Size,
    limits::{self, Limits},
};

/// The seed of every run.
const SEED: u64 = 0x4d4d_5342_0000_0001;

/// The run that a line is part of.
#[derive(Debug)]
pub struct Context {
    size: Size,
    lenient: bool,
    fault: Option<String>,
    folder: PathBuf,
    limits: Limits,
    progress: ProgressBar,
}

impl Context {
    /// Starts a run that keeps its files in `folder`, which is made when first needed.
    #[must_use]
    pub fn new(size: Size, folder: PathBuf, progress: ProgressBar) -> Self {
        Self { size, lenient: false, fault: None, folder, limits: Limits::new(), progress }
    }

    /// Lets the run be one on a machine that does other work beside: times and speeds decide nothing.
    #[must_use]
    pub fn with_lenience(mut self, lenient: bool) -> Self {
        self.lenient = lenient;
        self
    }

    /// Breaks what the lines measure in this way, where they have it among their [faults](crate::Line::faults).
    #[must_use]
    pub fn with_fault(mut self, fault: Option<String>) -> Self {
        self.fault = fault;
        self
    }

    /// Tells whether a test wants this fault in what is measured. False in every run that measures.
    #[must_use]
    pub fn has_fault(&self, fault: &str) -> bool {
        self.fault() == Some(fault)
    }

    /// Returns the fault that a test wants.
    #[must_use]
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Tells whether the machine may do other work beside.
    #[must_use]
    pub const fn lenient(&self) -> bool {
        self.lenient
    }

    /// Returns the folder that the run keeps its files in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns how large inputs should be.
    #[must_use]
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Tells whether inputs should be small. Checks stay the same.
    #[must_use]
    pub const fn quick(&self) -> bool {
        !matches!(self.size, Size::Full)
    }

    /// Returns the one for this run, of one for each: a full run, a quick one, and one on a machine that does other work
    /// beside, where figures decide nothing and only checks are left.
    #[must_use]
    pub const fn among<T: Copy>(&self, [full, quick, smoke]: [T; 3]) -> T {
        self.size.pick([full, if self.lenient { smoke } else { quick }, smoke])
    }

    /// Returns how often to repeat a measurement.
    #[must_use]
    pub const fn repeats(&self) -> usize {
        if self.quick() { REPEATS_MIN } else { 15 }
    }

    /// Starts the run's stream of random numbers anew; every run and every line gets the same one.
    #[must_use]
    pub const fn random(&self) -> Random {
        Random::new(SEED)
    }

    /// Returns a limit of this machine, measured now or earlier in this run.
    ///
    /// # Errors
    /// If it cannot be measured.
    pub fn limit(&mut self, kind: LimitKind) -> Result<Figure> {
        if let Some(figure) = self.limits.get(&kind) {
            return Ok(figure.clone());
        }
        self.say(format!("limit: {kind}"));
        let figure = limits::measure(kind, self)?;
        self.limits.insert(kind, figure.clone());
        Ok(figure)
    }

    /// Returns the limits measured so far.
    pub fn limits(&self) -> impl Iterator<Item = &Figure> {
        self.limits.values()
    }

    /// Makes an empty folder that goes away when dropped.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn scratch(&self) -> Result<TempDir> {
        let folder = &self.folder;
        let made = fs::create_dir_all(folder).and_then(|()| tempfile::tempdir_in(folder));
        made.with_context(|| format!("making a scratch folder in {}", folder.display()))
    }

    /// Tells a watching person what is going on; nothing where no terminal is.
    pub fn say(&self, message: impl Into<String>) {
        self.progress.set_message(message.into());
    }
}
