//! Retention: giving up what is not to be kept, whole segments and whole checkpoints.
//!
//! Invariant: first everyone who asks for what goes is told that it is gone, then the manifest without it is
//! durable, then the files go.

use std::path::Path;

use mmsb_tlog::{LogDir, Manifest};
use mmsb_types::{
    Epoch,
    plant::{Fault, is_planted},
};

use super::{
    make::{Making, remove_stray},
    plan::{self, Left},
    write_view,
};
use crate::{Bus, Error, Past, bus::Inner, wave::token};

/// How much of the past a bus on disk keeps. Tagged states, and what snapshots and passes over the log in this
/// process need, stay beyond that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// Everything.
    #[default]
    All,
    /// At least so many epochs before the newest.
    Epochs(u64),
    /// At least so many bytes of the newest log.
    Bytes(u64),
}

/// What compacting gave up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compacted {
    /// Every state from this one on can still be shown.
    pub oldest: Epoch,
    /// Segments of the log that went.
    pub segment_count: u64,
    /// Checkpoints that went.
    pub checkpoint_count: u64,
    /// Their bytes together.
    pub bytes: u64,
}

impl Bus {
    /// Gives up what [`Builder::retain`](crate::Builder::retain) does not ask for, as far as whole files go:
    /// makes a checkpoint of the oldest state to be kept, then drops the segments of the log before it, and
    /// checkpoints that nothing needs. No commit is ever rewritten.
    ///
    /// Two chains of checkpoints stay, and the log from the older one on, so that one damaged file loses nothing;
    /// tagged states stay, and all that snapshots, and passes over the log in this process, still read.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// use mmsb::Retention;
    ///
    /// let builder = mmsb::Bus::builder().segment_bytes(16 << 10).retain(Retention::Epochs(100));
    /// let bus = builder.create(dir.path().join("run.mmsb"))?;
    /// let world = bus.create_page("world", 8)?;
    /// for tick in 0..1000u64 {
    ///     bus.put(world, 0, &tick)?;
    /// }
    /// let compacted = bus.compact()?;
    /// assert!(compacted.segment_count > 0);
    /// assert_eq!(compacted.oldest, mmsb::Epoch::new(1001 - 100));
    /// assert_eq!(bus.at(compacted.oldest)?.get::<u64>(world, 0)?, 899);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::NoDirectory`], [`Error::ReadOnly`], [`Error::Stopped`], and those of [`Bus::at`] and
    /// [`Bus::checkpoint`]. What was to be kept is.
    ///
    /// # Cost
    /// As [`Bus::at`] the oldest state that stays, and writing all of its pages; commits go on meanwhile.
    pub fn compact(&self) -> Result<Compacted, Error> {
        self.compact_to(self.inner().retention())
    }

    /// Compacts as [`Bus::compact`] does, to what `retention` asks for, this once.
    ///
    /// # Errors
    /// As [`Bus::compact`].
    pub fn compact_to(&self, retention: Retention) -> Result<Compacted, Error> {
        token::check()?;
        let inner = self.inner();
        let mut making = inner.checkpoints.making();
        self.check_stopped()?;
        inner.check_has_directory()?;
        let wanted = inner.wanted(retention, true)?;
        if wanted > inner.journal.oldest() {
            if !plan::has_newer(&inner.journal.dir().manifest(), &making.broken, wanted.get()) {
                inner.make_checkpoint(&mut making, |_| {})?;
            }
            inner.ensure_checkpoint(&mut making, wanted)?;
        }
        inner.give_up(&making, wanted)
    }
}

impl Inner {
    /// Applies the bus's own retention, with the checkpoints there are.
    pub(super) fn retain(&self, making: &Making) -> Result<(), Error> {
        if self.retention() == Retention::All {
            return Ok(());
        }
        self.give_up(making, self.wanted(self.retention(), false)?).map(drop)
    }

    /// Makes a full checkpoint of the state at `epoch`, unless there is one.
    pub(super) fn ensure_checkpoint(&self, making: &mut Making, epoch: Epoch) -> Result<(), Error> {
        let dir = self.journal.dir();
        if plan::has_sound(&dir.manifest(), &making.broken, epoch.get()) {
            return Ok(());
        }
        let is_newest = epoch > Epoch::ZERO && epoch == self.journal.newest();
        if is_newest && self.make_checkpoint(making, |_| {})?.epoch == epoch {
            return Ok(());
        }
        remove_stray(&dir, epoch);
        let (state, cursor) = self.journal.state_at(epoch)?;
        let past = Past::new(state, self.lineage.clone());
        let made = write_view(&dir, cursor, past.heading(), &past)?;
        self.admit(&dir, made)?;
        making.broken.remove(&epoch.get());
        Ok(())
    }

    /// Returns the oldest epoch that is to be kept; `exact`, or rounded down to one with a checkpoint.
    fn wanted(&self, retention: Retention, exact: bool) -> Result<Epoch, Error> {
        let wanted = match retention {
            Retention::All => Epoch::ZERO,
            Retention::Epochs(count) => Epoch::new(self.journal.newest().get().saturating_sub(count)),
            Retention::Bytes(bytes) => self.epoch_before(bytes, exact)?,
        };
        // Snapshots read from the log once they have aged.
        Ok(self.store.oldest_pin().map_or(wanted, |pinned| pinned.min(wanted)))
    }

    /// Returns the newest epoch behind which there are at least so many bytes of log.
    fn epoch_before(&self, bytes: u64, exact: bool) -> Result<Epoch, Error> {
        let end = self.journal.log()?.written_end();
        let target = end.lsn.get().saturating_sub(bytes);
        let manifest = self.journal.dir().manifest();
        let at = manifest.checkpoints.partition_point(|checkpoint| checkpoint.cursor.lsn.get() <= target);
        let below = at.checked_sub(1).map_or(0, |at| manifest.checkpoints[at].epoch());
        let below = Epoch::new(below).max(self.journal.oldest());
        if !exact {
            return Ok(below);
        }
        let (_, mut pass) = self.journal.nearest_to(below, Epoch::new(end.number), |_| Ok(()))?;
        let mut found = below;
        while let Some(epoch) = pass.visit(|commit| Ok(commit.epoch))? {
            if pass.cursor().lsn.get() > target {
                break;
            }
            found = epoch;
        }
        Ok(found)
    }

    /// Gives up what is not needed for the states from `wanted` on.
    fn give_up(&self, making: &Making, wanted: Epoch) -> Result<Compacted, Error> {
        let _span = tracing::info_span!("compact", oldest = wanted.get()).entered();
        let kept = self.journal.kept();
        let dir = kept.dir();
        kept.with_holds(|held| {
            let mut compacted = Compacted::default();
            let retired = dir.retire(|manifest| {
                let left = plan::left(manifest, &making.broken, wanted.get(), held);
                compacted.count(&dir, manifest, &left);
                if is_planted(Fault::CutBeforeCheckpoint) {
                    let gone = manifest.segments.iter().filter(|head| !left.segments.contains(head));
                    gone.for_each(|head| drop(dir.vfs().remove(&dir.segment_path(head))));
                }
                (manifest.segments, manifest.checkpoints) = (left.segments, left.checkpoints);
            });
            // Whatever became of the files, the manifest tells what there is.
            compacted.oldest = Epoch::new(dir.manifest().oldest());
            kept.set_oldest(compacted.oldest);
            retired?;
            Ok(compacted)
        })
    }
}

impl Compacted {
    /// Counts the files that are not left.
    fn count(&mut self, dir: &LogDir, old: &Manifest, left: &Left) {
        let bytes = |path: &Path| dir.vfs().metadata(path).map_or(0, |metadata| metadata.bytes);
        for head in old.segments.iter().filter(|head| !left.segments.contains(head)) {
            self.segment_count += 1;
            self.bytes += bytes(&dir.segment_path(head));
        }
        for checkpoint in old.checkpoints.iter().filter(|checkpoint| !left.checkpoints.contains(checkpoint)) {
            self.checkpoint_count += 1;
            self.bytes += checkpoint.bytes;
        }
    }
}
