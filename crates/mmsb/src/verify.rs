//! The log as a file: whose it is, and whether its bytes are as they were written.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_tlog::{InstanceId, LogDir, SegmentHead, Verification, vfs::OsVfs};
use mmsb_types::Violation;

use crate::{Bus, Error, index::verify_indexes};

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
}

/// Verifies every record of the bus at `path`; changes nothing, even beside a live writer.
///
/// # Errors
/// [`Error::NotABus`], [`Error::UnsupportedVersion`], [`Error::Io`]; [`Error::Corrupt`] and
/// [`Error::Truncated`] if the manifest or the segment's head is damaged. Damaged records are in the answer.
///
/// # Cost
/// A few passes over the log.
pub fn verify(path: impl AsRef<Path>) -> Result<Verified, Error> {
    let dir = LogDir::open(Arc::new(OsVfs), path.as_ref())?;
    let mut log = Verification::run(&dir)?;
    if log.is_damaged() {
        // A batch that a live writer had half written at the first look has landed at the second.
        log = Verification::run(&dir)?;
    }
    let file = dir.segment_path(&dir.manifest().last_segment());
    let bad_files = log.bad.iter().map(|bad| dir.path().join(SegmentHead::name_of(bad.segment))).collect();
    let indexes = verify_indexes(&dir);
    Ok(Verified { file, bad_files, instance: dir.instance(), log, indexes })
}

impl Bus {
    /// Returns the run this bus's log belongs to.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.journal().dir().instance()
    }
}
