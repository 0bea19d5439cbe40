//! Checkpoints: states on disk, so that opening and looking back need not read the whole log.
//!
//! 1. The log ends a batch behind the newest commit `s`, at which the store is pinned: that is the state.
//! 2. Its pages are streamed through the pin into a file, while commits go on; only those changed since the
//!    checkpoint before it, mostly. A page's own epoch tells.
//! 3. The file is synced, read back, and gets its name. Once the log is durable up to `s`, the manifest gets it.
//!    Threads of their own do that, which give way to commits (`aside`).
//! 4. What the bus is not asked to keep goes: whole segments and whole checkpoints, after the manifest without
//!    them is durable.
//!
//! A *chain* is a full checkpoint and those that build on it; the newest whole one is what a bus opens from.
//!
//! Invariant: at every moment the manifest's checkpoints and the log behind them make every state from
//! [`Bus::oldest`] on, and every state that a tag names.

mod aside;
mod attempts;
mod auto;
mod chain;
mod compact;
mod early;
mod live;
mod load;
mod make;
mod meta;
mod nudged;
mod plan;
mod restore;
mod tags;
mod view;

use std::time::Duration;

use mmsb_types::Epoch;

pub(crate) use self::{
    attempts::Attempts,
    auto::{Auto, NudgeShifts, STOP_BYTES},
    chain::{Chain, Sink},
    load::{Choice, Loaded, choose, load_newest},
    make::Checkpoints,
    meta::{decode, encode},
    view::write_view,
};
pub use self::{
    auto::CheckpointEvery,
    compact::{Compacted, Retention},
    tags::Tag,
};
use crate::{Bus, Error, wave::token};

/// Nobody wants to hear how far a checkpoint has got.
const NOBODY: Option<fn(CheckpointProgress)> = None;

/// What a checkpoint came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checkpointed {
    /// The state it holds.
    pub epoch: Epoch,
    /// It holds every page; else those that changed since the one before it.
    pub is_full: bool,
    /// How many pages it holds; 0 if there was a checkpoint of this state already, and nothing was written.
    pub page_count: u64,
    /// Their bytes, as long as the pages are.
    pub page_bytes: u64,
    /// The length of its file, in bytes.
    pub file_bytes: u64,
    /// How long it took, all in all.
    pub elapsed: Duration,
}

/// How far a checkpoint has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointProgress {
    /// The state it will hold.
    pub epoch: Epoch,
    /// Pages looked at so far.
    pub page_count: u64,
    /// About how many there are to look at.
    pub page_total: u64,
    /// Bytes of the pages written so far.
    pub page_bytes: u64,
}

impl Bus {
    /// Writes the state as of now to the bus's directory, while commits go on; [`Bus::open`] starts from there,
    /// and [`Bus::at`] from the nearest one.
    ///
    /// Mostly only what changed since the checkpoint before is written; every ninth is full. One at a time: who
    /// comes second waits. The bus makes them by itself, too: [`Builder::checkpoint_every`](crate::Builder::checkpoint_every).
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("run.mmsb");
    /// let bus = mmsb::Bus::create(&path)?;
    /// let world = bus.create_page("world", 4096)?;
    /// let made = bus.checkpoint()?;
    /// assert!(made.is_full && made.page_count == 1);
    /// bus.write(world, 0, b"later")?;
    /// bus.stop()?;
    /// let bus = mmsb::Bus::open(&path)?;                     // the checkpoint, then one commit of the log
    /// assert_eq!(bus.with_page(world, |bytes| bytes[..5].to_vec())?, b"later");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoDirectory`] for a bus in memory, [`Error::ReadOnly`], [`Error::Stopped`], [`Error::Poisoned`],
    /// [`Error::Io`]. The bus is as it was: what it had, it still has.
    ///
    /// # Cost
    /// About as long as writing and syncing the pages to a file, by a thread that gives way to others. Commits copy pages that they change before the
    /// checkpoint has come to them, and wait for it if there is no room for that.
    pub fn checkpoint(&self) -> Result<Checkpointed, Error> {
        token::check()?;
        self.check_stopped()?;
        self.inner().checkpoint(NOBODY)
    }

    /// Makes a checkpoint as [`Bus::checkpoint`] does, and tells how far it has got, about once a megabyte.
    ///
    /// # Errors
    /// As [`Bus::checkpoint`].
    pub fn checkpoint_with(&self, progress: impl FnMut(CheckpointProgress)) -> Result<Checkpointed, Error> {
        self.check_stopped()?;
        self.inner().checkpoint(Some(progress))
    }
}
