//! The files of a bus: whose they are, and whether their bytes are as they were written.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_tlog::{InstanceId, LogDir, SegmentHead, Verification, checkpoint, vfs::OsVfs};
use mmsb_types::{Epoch, Violation};

use crate::{Bus, Error, checkpoint::Chain, index::verify_indexes, kept::Kept};

/// So often a writer may take away what is being looked at.
const LOOKS_MAX: u32 = 8;

/// What verifying the bus at a path found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The file that the log ends in.
    pub file: PathBuf,
    /// The file of each bad record, in their order; the record's offset counts its bytes.
    pub bad_files: Vec<PathBuf>,
    /// The run the log belongs to.
    pub instance: InstanceId,
    /// Counts, where the log ends, and every bad record.
    pub log: Verification,
    /// Index files that do not say what the log says: they cost time, not data, and a writer makes them again.
    pub indexes: Vec<Violation>,
    /// Segments that were verified.
    pub segment_count: u64,
    /// Checkpoints that were verified.
    pub checkpoint_count: u64,
    /// What is wrong with checkpoints, each piece by itself.
    pub bad_checkpoints: Vec<BadCheckpoint>,
}

/// A piece of a checkpoint that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadCheckpoint {
    /// The state it should hold.
    pub epoch: Epoch,
    /// Its file.
    pub file: PathBuf,
    /// Where the piece begins in the file.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

impl Verified {
    /// Tells whether durable bytes are damaged; a torn tail alone is legal.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.log.is_damaged() || !self.bad_checkpoints.is_empty()
    }
}

/// Verifies every file of the bus at `path`: its manifest, every record of every segment, every block of every
/// checkpoint; changes nothing, even beside a live writer.
///
/// # Errors
/// [`Error::NotABus`], [`Error::UnsupportedVersion`], [`Error::Io`]; [`Error::HistoryGone`] if a live writer retires
/// segments faster than they can be read; [`Error::Corrupt`] and [`Error::Truncated`] if the manifest or the head of
/// a segment behind the newest checkpoint is damaged. Damaged records and checkpoints are in the answer.
///
/// # Cost
/// A few passes over the log, one over the checkpoints.
pub fn verify(path: impl AsRef<Path>) -> Result<Verified, Error> {
    verify_dir(LogDir::open(Arc::new(OsVfs), path.as_ref())?)
}

/// As [`verify`], of a bus that is open as a directory already.
///
/// # Errors
/// As [`verify`].
#[doc(hidden)]
pub fn verify_dir(mut dir: LogDir) -> Result<Verified, Error> {
    for _ in 1..LOOKS_MAX {
        match look(&dir) {
            // A live writer has retired segments meanwhile: what is left is looked at.
            Err(Error::HistoryGone { .. }) => dir = dir.reopen()?,
            found => return found,
        }
    }
    look(&dir)
}

fn look(dir: &LogDir) -> Result<Verified, Error> {
    let mut log = Verification::run(dir)?;
    if log.is_damaged() {
        // A batch that a live writer had half written at the first look has landed at the second.
        log = Verification::run(dir)?;
    }
    let file = dir.segment_path(&dir.manifest().last_segment());
    let bad_files = log.bad.iter().map(|bad| dir.path().join(SegmentHead::name_of(bad.segment))).collect();
    let manifest = dir.manifest();
    Ok(Verified {
        file,
        bad_files,
        instance: dir.instance(),
        log,
        segment_count: manifest.segments.len() as u64,
        checkpoint_count: manifest.checkpoints.len() as u64,
        bad_checkpoints: bad_checkpoints(dir)?,
        indexes: verify_indexes(dir),
    })
}

/// Verifies every checkpoint: its bytes, then what its metadata says.
fn bad_checkpoints(dir: &LogDir) -> Result<Vec<BadCheckpoint>, Error> {
    let (manifest, kept, mut bad) = (dir.manifest(), Kept::new(dir.clone()), Vec::new());
    for listed in &manifest.checkpoints {
        let epoch = Epoch::new(listed.epoch());
        let blocks = checkpoint::verify(dir, listed)?;
        let is_whole = blocks.is_empty();
        bad.extend(blocks.into_iter().map(|block| BadCheckpoint {
            epoch,
            file: block.file,
            offset: block.offset,
            what: block.fault.to_string(),
        }));
        if is_whole && let Err(error) = Chain::open(&kept, &[*listed]) {
            let (file, what) = (dir.checkpoint_path(listed.epoch()), error.to_string());
            bad.push(BadCheckpoint { epoch, file, offset: 0, what });
        }
    }
    Ok(bad)
}

impl Bus {
    /// Returns the run this bus's log belongs to.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.journal().dir().instance()
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use mmsb_tlog::{LogDir, vfs::MemoryVfs};

    use super::verify_dir;
    use crate::{Bus, Retention};

    #[test]
    fn segments_that_go_before_they_are_looked_at_are_not_missed() {
        let (disk, path) = (MemoryVfs::new(), Path::new("/bus"));
        let bus = Bus::builder().segment_bytes(64 << 10).create_on(Arc::new(disk.clone()), path).unwrap();
        let page = bus.create_page(None, 4000).unwrap();
        // Bytes that no frame stores shorter.
        let bytes = |turn: usize| -> [u8; 3000] { std::array::from_fn(|at| (at * 7 + turn) as u8) };
        let fill = |turn| bus.write(page, 0, bytes(turn)).map(drop).unwrap();
        (0..200).for_each(fill);
        let dir = LogDir::open(Arc::new(disk), path).unwrap();
        let before = dir.manifest().segments[0].segment;
        assert!(bus.compact_to(Retention::Epochs(10)).unwrap().segment_count > 0);
        let verified = verify_dir(dir).unwrap();
        assert!(verified.log.bad.is_empty());
        assert!(verified.log.scan.end.number >= 200 && before == 1);
    }
}
