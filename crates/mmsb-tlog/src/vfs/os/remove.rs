//! Removing files without waiting for the system to give their bytes back.
//!
//! A name goes at once; the bytes go when the last handle does, and for a segment of 64 MiB in the system's cache that takes
//! longer than all else that opening a bus does on a disk. So the last handle of a large file is closed aside.

use std::{
    fs::{self, File},
    io::Result,
    path::Path,
    thread,
};

use super::open_regular;
use crate::vfs::Access;

/// From this size on it takes about a millisecond.
const LARGE_BYTES: u64 = 4 << 20;

/// Removes a file's name.
pub(super) fn remove(path: &Path) -> Result<()> {
    let large = open_regular(path, Access::ReadOnly).ok().filter(is_large);
    fs::remove_file(path)?;
    if let Some(file) = large {
        // Where no thread is to be had it is closed here.
        let _ = thread::Builder::new().name("mmsb-remover".to_owned()).spawn(move || drop(file));
    }
    Ok(())
}

fn is_large(file: &File) -> bool {
    file.metadata().is_ok_and(|found| found.len() >= LARGE_BYTES)
}
