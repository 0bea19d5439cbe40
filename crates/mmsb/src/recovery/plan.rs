//! What opening a bus for writing will do: found out beforehand, by reading alone.
//!
//! Invariant: the plan is made by the rules that opening follows, from the same bytes: the choice of the chain, the
//! end of the log, and what becomes of leftovers are the same functions' answers. Only whether commits that are
//! whole fit each other is found out by applying them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_tlog::{
    LogDir, LogError, Scan, Tail,
    vfs::{Access, OsVfs, Vfs},
};
use mmsb_types::Epoch;

use crate::{
    Bus, Error, Fault, Leftover,
    checkpoint::{Choice, choose},
    kept::Kept,
};

/// What opening a bus for writing will do. Its text is for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryPlan {
    /// The bus.
    pub dir: PathBuf,
    /// The manifest that tells of its files.
    pub generation: u64,
    /// The epochs of the checkpoints that are loaded, the full one first; none if the log is read from its birth.
    pub chain: Vec<Epoch>,
    /// Newer checkpoints that cannot be read, the newest first.
    pub passed_over: Vec<PassedOver>,
    /// The log that is replayed.
    pub log: LogRange,
    /// What is cut behind the log's end.
    pub cut: Option<PlannedCut>,
    /// How many bytes before the end are not known to be durable, and are written once more.
    pub renewed_bytes: u64,
    /// Files that crashes left.
    pub leftovers: Vec<Leftover>,
    /// The newest state, once the bus is open.
    pub epoch: Epoch,
}

/// A checkpoint from which the bus cannot start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassedOver {
    /// The state that it should hold.
    pub epoch: Epoch,
    /// What is wrong with it, or with one it builds on.
    pub why: String,
}

/// A stretch of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRange {
    /// The first and the last file: `seg-<number>`.
    pub segments: (u64, u64),
    /// Its length, in bytes.
    pub bytes: u64,
    /// How many commits it holds.
    pub commit_count: u64,
}

/// Bytes that never were durable, behind the log's end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedCut {
    /// The file that gets shorter.
    pub file: PathBuf,
    /// Its length afterwards, in bytes.
    pub offset: u64,
    /// How many bytes go, zeros that were written ahead among them.
    pub bytes: u64,
    /// Why the log ends there.
    pub why: Fault,
}

impl Bus {
    /// Finds out what opening the bus at `path` for writing will do; changes nothing. Beside a live writer it is
    /// what would be done if that one were killed now.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("run.mmsb");
    /// # mmsb::Bus::create(&path)?.stop()?;
    /// println!("{}", mmsb::Bus::plan_recovery(&path)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Bus::open`], without [`Error::Locked`]; commits that are whole but do not fit are not found.
    ///
    /// # Cost
    /// Reads what opening reads, checksums included, and keeps none of it.
    pub fn plan_recovery(path: impl AsRef<Path>) -> Result<RecoveryPlan, Error> {
        RecoveryPlan::make(Arc::new(OsVfs), path.as_ref())
    }
}

impl RecoveryPlan {
    /// As [`Bus::plan_recovery`], on another file system.
    ///
    /// # Errors
    /// As [`Bus::plan_recovery`].
    pub fn make(vfs: Arc<dyn Vfs>, path: &Path) -> Result<Self, Error> {
        let kept = Kept::new(LogDir::open(vfs, path)?);
        kept.beside_writer(|| Self::of(&kept, path))
    }

    fn of(kept: &Kept, path: &Path) -> Result<Self, Error> {
        let (dir, manifest) = (kept.dir(), kept.dir().manifest());
        let choice = choose(kept, &manifest, |chain| chain.verify())?;
        let Choice { chosen, cursor, mut passed_over, .. } = choice;
        if !passed_over.is_empty() && kept.has_moved_on(manifest.generation) {
            // A live writer gave it up, perhaps: that is no damage.
            return Err(passed_over.swap_remove(0).1);
        }
        let scan = Scan::from_beside_writer(&dir, cursor)?;
        let chain = chosen.map(|(chain, ())| chain).unwrap_or_default();
        let passed_over = passed_over
            .into_iter()
            .map(|(epoch, error)| PassedOver { epoch: Epoch::new(epoch), why: error.to_string() });
        let [first, last] = [cursor.lsn, scan.end.lsn].map(|lsn| manifest.segment_of(lsn).segment);
        Ok(Self {
            dir: path.to_owned(),
            generation: manifest.generation,
            chain: chain.iter().map(|link| Epoch::new(link.epoch())).collect(),
            passed_over: passed_over.collect(),
            log: LogRange {
                segments: (first, last),
                bytes: scan.end.lsn.get().saturating_sub(cursor.lsn.get()),
                commit_count: scan.frame_count,
            },
            cut: cut(&dir, &scan)?,
            renewed_bytes: scan.end.lsn.get().saturating_sub(scan.durable_end.get()),
            leftovers: dir.leftovers(scan.end)?,
            epoch: Epoch::new(scan.end.number),
        })
    }

    /// Tells whether nothing is lost, damaged or left over: nothing is passed over, cut, removed or quarantined.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.cut.is_none() && self.leftovers.is_empty() && self.passed_over.is_empty()
    }
}

fn cut(dir: &LogDir, scan: &Scan) -> Result<Option<PlannedCut>, LogError> {
    let Tail::Torn(bad) = &scan.tail else { return Ok(None) };
    let last = dir.manifest().last_segment();
    let (file, offset) = (dir.segment_path(&last), scan.end.lsn.get().saturating_sub(last.first_lsn.get()));
    let len = dir.open_segment(&last, Access::ReadOnly)?.len();
    let len =
        len.map_err(|source| LogError::Io { operation: "measuring", file: file.clone(), offset: 0, source })?;
    let bytes = len.saturating_sub(offset);
    Ok((bytes > 0).then(|| PlannedCut { file, offset, bytes, why: bad.fault.clone() }))
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use mmsb_tlog::{LogDir, vfs::MemoryVfs};

    use super::{Epoch, Kept, RecoveryPlan};
    use crate::{Bus, Retention};

    #[test]
    fn what_a_writer_gives_up_meanwhile_is_not_missed() {
        let (disk, path) = (MemoryVfs::new(), Path::new("/bus"));
        let bus = Bus::builder().segment_bytes(4 << 10).create_on(Arc::new(disk.clone()), path).unwrap();
        let page = bus.create_page(None, 800).unwrap();
        (0..20u64)
            .for_each(|turn| assert!(bus.put(page, turn as u32 * 8, &turn).unwrap().epoch > Epoch::ZERO));
        bus.checkpoint().unwrap();
        let kept = Kept::new(LogDir::open(Arc::new(disk.clone()), path).unwrap());
        (0..200u64).for_each(|turn| assert!(bus.put(page, 0, &turn).unwrap().epoch > Epoch::ZERO));
        bus.checkpoint().unwrap();
        assert!(bus.compact_to(Retention::Epochs(1)).unwrap().segment_count > 0);
        let plan = kept.beside_writer(|| RecoveryPlan::of(&kept, path)).unwrap();
        assert_eq!((plan.epoch, plan.passed_over.len()), (bus.epoch(), 0), "{plan}");
    }
}
