//! Removing a large file without waiting for the system to give its bytes back.
//!
//! A name goes at once; the bytes go when the last handle does, and for a segment of 64 MiB in the system's cache that takes
//! longer than all else that opening a bus does on a disk. So the last handle is closed on a thread of its own: one at a
//! time, and only where the disk has room without those bytes.

#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    io::Result,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use mmsb_types::env;

use super::open_regular;
use crate::vfs::Access;

/// From this size on it takes about a millisecond.
const LARGE_BYTES: u64 = 4 << 20;
/// The disk has room if there is so many times the file's length.
const ROOM: u64 = 4;

static IS_BUSY: AtomicBool = AtomicBool::new(false);

/// Removes a file's name; a large file's bytes may go later.
pub(super) fn remove_aside(path: &Path) -> Result<()> {
    let last = LastHandle::of(path, &IS_BUSY);
    fs::remove_file(path)?;
    if let Some(last) = last {
        // Where no thread is to be had it is closed here.
        let _ = env::spawn("mmsb-remover", move || drop(last));
    }
    Ok(())
}

/// What keeps a large file's bytes when its name is gone; while it lives `is_busy` is set.
struct LastHandle {
    file: Option<File>,
    is_busy: &'static AtomicBool,
}

impl LastHandle {
    /// Opens a large file; `None` where its bytes had better go with its name.
    fn of(path: &Path, is_busy: &'static AtomicBool) -> Option<Self> {
        let file = open_regular(path, Access::ReadOnly).ok()?;
        let (bytes, disk) = (file.metadata().ok()?.len(), rustix::fs::fstatvfs(&file).ok()?);
        let has_room = disk.f_bavail.saturating_mul(disk.f_frsize) / ROOM >= bytes;
        let is_aside = bytes >= LARGE_BYTES && has_room && !is_busy.swap(true, Ordering::Relaxed);
        is_aside.then(|| Self { file: Some(file), is_busy })
    }
}

impl Drop for LastHandle {
    fn drop(&mut self) {
        self.file = None;
        self.is_busy.store(false, Ordering::Relaxed);
    }
}
