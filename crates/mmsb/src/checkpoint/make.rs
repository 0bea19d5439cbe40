//! Making checkpoints: one at a time, and what is known of those that were made.
//!
//! Invariant: the manifest names a checkpoint only once its file is whole on the disk, and the log is durable up
//! to it.

use std::{collections::BTreeSet, sync::PoisonError};

use mmsb_page::Pin;
use mmsb_tlog::{CheckpointRef, Cut, LogDir};
use mmsb_types::{Durability, Epoch, env};

use super::{
    CheckpointProgress, Checkpointed, aside,
    live::{self, Teller},
    plan,
};
use crate::{
    Error,
    bus::Inner,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

/// What a bus knows of its checkpoints.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    making: Mutex<Making>,
    made_count: AtomicU64,
    failure_count: AtomicU64,
}

/// Held by who makes one, or changes which there are.
#[derive(Debug, Default)]
pub(super) struct Making {
    /// Checkpoints that could not be read: nothing builds on them.
    pub(super) broken: BTreeSet<u64>,
    /// The bus is stopped, and waits for the one that is made.
    is_last: bool,
}

impl Checkpoints {
    /// Starts with what opening found: `broken` ones could not be read.
    pub(crate) fn new(broken: BTreeSet<u64>) -> Self {
        let making = Mutex::new(Making { broken, is_last: false });
        Self { making, ..Self::default() }
    }

    /// Waits for the right to make one.
    pub(super) fn making(&self) -> MutexGuard<'_, Making> {
        // Who panicked left a temporary file at most.
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many were made, and how many that the bus made by itself failed.
    pub(crate) fn counts(&self) -> [u64; 2] {
        [&self.made_count, &self.failure_count].map(|count| count.load(Ordering::Relaxed))
    }

    pub(super) fn count_failure(&self) {
        self.failure_count.fetch_add(1, Ordering::Relaxed);
    }
}

impl Inner {
    /// Makes a checkpoint of the newest state, then gives up what is not to be kept.
    pub(crate) fn checkpoint(
        &self,
        progress: Option<impl FnMut(CheckpointProgress)>,
    ) -> Result<Checkpointed, Error> {
        let mut held = self.checkpoints.making();
        let making = &mut *held;
        self.check_stopped()?;
        let made = aside::run(progress, |tell| self.make_checkpoint(making, tell))?;
        if let Err(error) = self.retain(&held) {
            tracing::error!(%error, "giving up what need not be kept");
            self.checkpoints.count_failure();
        }
        Ok(made)
    }

    /// Makes a checkpoint where a bus stops on purpose, if so much log is behind the last one.
    pub(crate) fn checkpoint_to_stop(&self) {
        let mut making = self.checkpoints.making();
        if !self.is_due_to_stop() {
            return;
        }
        making.is_last = true;
        if let Err(error) = self.make_checkpoint(&mut making, |_| {}).and_then(|_| self.retain(&making)) {
            tracing::error!(%error, "the checkpoint of a bus that stops");
            self.checkpoints.count_failure();
        }
    }

    /// Waits for the end of checkpoints under way, which answer [`Error::Stopped`], for the bus is stopped.
    pub(crate) fn end_checkpoints(&self) {
        self.auto.stop();
        drop(self.checkpoints.making());
    }

    /// Pins the newest state, and returns where its commit is in the log; everything up to it is written.
    fn cut(&self) -> Result<(Pin, Cut), Error> {
        let mut pin = None;
        let cut = self.journal.log()?.cut(|| {
            let taken = pin.insert(self.store.pin_protected(|| self.journal.last()));
            taken.epoch().get()
        })?;
        Ok((pin.expect("a cut takes a number"), cut))
    }

    /// Makes a checkpoint of the newest state.
    pub(super) fn make_checkpoint(
        &self,
        making: &mut Making,
        progress: impl FnMut(CheckpointProgress),
    ) -> Result<Checkpointed, Error> {
        self.check_has_directory()?;
        let _span = tracing::info_span!("checkpoint").entered();
        let start = env::now();
        let (pin, cut) = self.cut()?;
        let (dir, epoch) = (self.journal.dir(), pin.epoch());
        let manifest = dir.manifest();
        if let Some(there) =
            manifest.checkpoint(epoch.get()).filter(|_| !making.broken.contains(&epoch.get()))
        {
            return Ok(Checkpointed::of_none(epoch, there.bytes, there.parent.is_none(), start.elapsed()));
        }
        if epoch == Epoch::ZERO {
            return Ok(Checkpointed::of_none(epoch, 0, true, start.elapsed()));
        }
        remove_stray(&dir, epoch);
        let parent = plan::parent(&manifest, &making.broken);
        let teller = Teller::new(self, epoch, progress, making.is_last);
        let (made, amount) = live::write(self, &dir, (pin, cut), parent, teller)?;
        self.admit(&dir, made)?;
        making.broken.remove(&epoch.get());
        self.checkpoints.made_count.fetch_add(1, Ordering::Relaxed);
        Ok(Checkpointed {
            epoch,
            is_full: parent.is_none(),
            page_count: amount.page_count,
            page_bytes: amount.page_bytes,
            file_bytes: made.bytes,
            elapsed: start.elapsed(),
        })
    }

    /// Lets the manifest name a checkpoint whose file is whole on the disk, once the log is durable up to it.
    pub(super) fn admit(&self, dir: &LogDir, made: CheckpointRef) -> Result<(), Error> {
        self.journal.log()?.wait(made.epoch(), Durability::Synced)?;
        dir.edit(|manifest| {
            manifest.checkpoints.retain(|there| there.epoch() != made.epoch());
            let at = manifest.checkpoints.partition_point(|there| there.epoch() < made.epoch());
            manifest.checkpoints.insert(at, made);
        })?;
        Ok(())
    }

    /// Tells whether a bus that stops is to leave a checkpoint.
    fn is_due_to_stop(&self) -> bool {
        let (Ok(log), Some(most)) = (self.journal.log(), self.stop_bytes()) else { return false };
        let behind = log.written_end().lsn.get().saturating_sub(self.last_checkpoint().lsn.get());
        behind > most && self.check_has_directory().is_ok()
    }

    pub(super) fn check_has_directory(&self) -> Result<(), Error> {
        if self.is_in_memory() {
            Err(Error::NoDirectory)
        } else {
            self.journal.log()?.check_poison().map_err(Error::from)
        }
    }
}

/// Removes the file of a checkpoint that was never admitted, or cannot be read: a new one takes its name.
pub(super) fn remove_stray(dir: &LogDir, epoch: Epoch) {
    // One that stays is an error of the new one.
    let _ = dir.vfs().remove(&dir.checkpoint_path(epoch.get()));
}

impl Checkpointed {
    fn of_none(epoch: Epoch, file_bytes: u64, is_full: bool, elapsed: std::time::Duration) -> Self {
        Self { epoch, is_full, page_count: 0, page_bytes: 0, file_bytes, elapsed }
    }
}
