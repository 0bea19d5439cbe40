//! How far an opening has got, for who waits.

use std::{fmt, sync::Arc};

use crate::replay::Crew;

/// How far an opening has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenProgress {
    /// What is being read.
    pub stage: OpenStage,
    /// How much of it was applied: bytes of pages of a checkpoint, or of log.
    pub done_bytes: u64,
    /// How much there is at most; the end of the log may come sooner.
    pub total_bytes: u64,
}

/// What an opening is reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenStage {
    /// A chain of checkpoints. If it turns out to be damaged, the next older one begins anew.
    Checkpoint,
    /// The log behind it.
    Log,
}

/// How a bus is opened: by how many threads, and who is told.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) crew: Crew,
    pub(crate) listener: Option<Arc<dyn Fn(OpenProgress) + Send + Sync>>,
}

impl Opening {
    /// Tells the listener, if there is one, how far a stage has got.
    pub(crate) fn tell(&self, stage: OpenStage, done_bytes: u64, total_bytes: u64) {
        if let Some(listener) = &self.listener {
            listener(OpenProgress { stage, done_bytes, total_bytes });
        }
    }
}

impl Default for Opening {
    fn default() -> Self {
        Self { crew: Crew::Usual, listener: None }
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening").field("crew", &self.crew).finish_non_exhaustive()
    }
}
