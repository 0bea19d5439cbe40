//! Going on behind what a scan found: a torn tail is cut, and the cut synced, before anything is appended; what
//! a crash left beside the log is cleaned away.
//!
//! Invariant: nothing that was durable is cut, and nothing is missing before the end.
//! Invariant: what is not known to be durable is written again before anything stands behind it.

use std::{io, ops::Range, path::Path, sync::Arc};

use mmsb_types::env;

use super::{LogOptions, flush::Flush, ring::Ring, rotate::Rotation};
use crate::{
    Fault, LogDir, LogError, Scan, SegmentHead, Tail,
    dir::io_error,
    sync::{Fault as Planted, is_planted},
    vfs::{Access, VfsFile},
};

/// What is renewed in one go.
const RENEWED_BYTES: u64 = 256 << 10;

impl Ring {
    pub(super) fn open(dir: &LogDir, options: &LogOptions) -> Result<Self, LogError> {
        Self::new(options.ring_bytes_used()).map_err(io_error("making the ring of", dir.path(), 0))
    }
}

impl Flush {
    pub(super) fn open(dir: &LogDir, scan: &Scan, unit: u64, options: &LogOptions) -> Result<Self, LogError> {
        dir.settle()?;
        let head = dir.manifest().last_segment();
        let path = Arc::<Path>::from(dir.segment_path(&head));
        let file = dir.open_segment(&head, Access::ReadWrite)?;
        let offset = scan.end.lsn.get().saturating_sub(head.first_lsn.get());
        check_end(&file, &path, &head, scan)?;
        // Zeros that were written ahead are good for what comes next.
        let is_torn = matches!(scan.tail, Tail::Torn(_));
        if is_torn && file.len().map_err(io_error("measuring", &path, 0))? > offset {
            file.truncate(offset).map_err(io_error("cutting", &path, offset))?;
            if !is_planted(Planted::SkipCutSync) {
                file.sync_all().map_err(io_error("syncing the cut of", &path, offset))?;
            }
        }
        renew(&file, &path, scan.durable_end.get().saturating_sub(head.first_lsn.get())..offset)?;
        dir.clean(scan.end)?;
        let closed = scan.tail == Tail::Clean { closed: true };
        let instance = dir.instance();
        let (end, rotation) = (scan.end, Rotation::new(dir, options));
        let (before_last, batch) = (None, Vec::new());
        let file_bytes = file.len().map_err(io_error("measuring", &path, 0))?;
        Ok(Self { file, path, instance, head, file_bytes, end, before_last, unit, closed, rotation, batch })
    }
}

/// Writes once more what may be in the system's memory only.
///
/// If a sync of the writer before failed, the system has dropped what it could not write, and still shows it: the
/// next sync would succeed without it, and durable records would stand behind a hole.
/// Synced at once: it ends with marks, and one that is torn behind a number that was durable would look like damage.
fn renew(file: &Arc<dyn VfsFile>, path: &Path, range: Range<u64>) -> Result<(), LogError> {
    if range.is_empty() {
        return Ok(());
    }
    let mut at = if is_planted(Planted::SkipRenew) { range.end } else { range.start };
    let (mut buffer, bytes) = (Vec::new(), RENEWED_BYTES.min(range.end.saturating_sub(at)));
    env::resize(&mut buffer, bytes as usize).map_err(io_error("reading", path, at))?;
    while at < range.end {
        let bytes = buffer.len().min((range.end - at) as usize);
        let got = file.read_at(at, &mut buffer[..bytes]).map_err(io_error("reading", path, at))?;
        if got < bytes {
            return Err(io_error("reading", path, at)(io::ErrorKind::UnexpectedEof.into()));
        }
        file.write_at(at, &buffer[..bytes]).map_err(io_error("writing", path, at))?;
        at += bytes as u64;
    }
    // It would make the cut durable as well, and hide that nobody else did.
    if is_planted(Planted::SkipCutSync) {
        return Ok(());
    }
    file.sync_all().map_err(io_error("syncing", path, range.start))
}

/// Checks that the end may be appended to: nothing that was durable is cut, and nothing is missing before it.
fn check_end(file: &Arc<dyn VfsFile>, path: &Path, head: &SegmentHead, scan: &Scan) -> Result<(), LogError> {
    let offset = scan.end.lsn.get().saturating_sub(head.first_lsn.get());
    let corrupt = |offset, number, fault| LogError::Corrupt { file: path.to_owned(), offset, number, fault };
    if let Tail::Torn(bad) = &scan.tail
        && bad.covered
    {
        return Err(corrupt(bad.offset, bad.number, bad.fault.clone()));
    }
    let have = file.len().map_err(io_error("measuring", path, 0))?;
    // A new log may stand on a disk that keeps no bytes, not even the segment's head.
    let is_new = scan.end == head.cursor() && scan.mark_count == 0;
    if have < offset && !is_new {
        return Err(corrupt(have, scan.end.number, Fault::CutShort { need: offset, have }));
    }
    Ok(())
}
