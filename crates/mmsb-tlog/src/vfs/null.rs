//! [`NullVfs`]: a disk that drops everything, so that what stands above it can be measured alone.
//!
//! Invariant: an open file is its length; a directory is nothing. Names lead nowhere: nothing is ever found,
//! and a byte that was written cannot be read (a wrong byte would be worse than none).

use std::io::{Error, ErrorKind, Result};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Access, Metadata, Vfs, VfsFile, VfsLock, not_kept, range_end};

/// A disk that keeps no byte and no name, and counts what it is given. Clones share the counts.
///
/// Changes always succeed, looking for anything is always `NotFound`, lists are empty and locks are always
/// granted, since nothing can be reached twice. Opening a file to write gives an empty one under any name: a
/// writer needs somewhere to drop its bytes. Opening one to read is `NotFound`.
#[derive(Clone, Debug, Default)]
pub struct NullVfs {
    counts: Arc<Counts>,
}

/// What all clones were given so far. The numbers are statistics: no order is promised between them.
#[derive(Debug, Default)]
struct Counts {
    writes: AtomicU64,
    bytes: AtomicU64,
    syncs: AtomicU64,
}

#[derive(Debug)]
struct NullFile {
    counts: Arc<Counts>,
    bytes: AtomicU64,
}

#[derive(Debug)]
struct NullLock;

impl NullVfs {
    /// Returns how many writes were dropped.
    pub fn write_count(&self) -> u64 {
        self.counts.writes.load(Ordering::Relaxed)
    }

    /// Returns how many bytes were dropped.
    pub fn written_bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }

    /// Returns how many times a file was asked to sync.
    pub fn sync_count(&self) -> u64 {
        self.counts.syncs.load(Ordering::Relaxed)
    }
}

impl Vfs for NullVfs {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>> {
        match access {
            Access::ReadOnly => Err(nothing_found()),
            Access::ReadWrite => self.create_new(path),
        }
    }

    fn create_new(&self, _path: &Path) -> Result<Arc<dyn VfsFile>> {
        Ok(Arc::new(NullFile { counts: Arc::clone(&self.counts), bytes: AtomicU64::new(0) }))
    }

    fn create_dir(&self, _path: &Path) -> Result<()> {
        Ok(())
    }

    fn rename(&self, _source: &Path, _target: &Path) -> Result<()> {
        Ok(())
    }

    fn remove(&self, _path: &Path) -> Result<()> {
        Ok(())
    }

    fn remove_dir(&self, _path: &Path) -> Result<()> {
        Ok(())
    }

    fn list(&self, _dir: &Path) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn sync_dir(&self, _dir: &Path) -> Result<()> {
        Ok(())
    }

    fn metadata(&self, _path: &Path) -> Result<Metadata> {
        Err(nothing_found())
    }

    fn lock(&self, _dir: &Path) -> Result<Box<dyn VfsLock>> {
        Ok(Box::new(NullLock))
    }
}

impl VfsFile for NullFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        range_end(offset, buffer.len())?;
        if buffer.is_empty() || offset >= self.bytes.load(Ordering::Relaxed) {
            return Ok(0);
        }
        Err(not_kept("a null disk keeps no bytes, so what was written cannot be read"))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let end = range_end(offset, bytes.len())?;
        self.counts.writes.fetch_add(1, Ordering::Relaxed);
        self.counts.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if !bytes.is_empty() {
            self.bytes.fetch_max(end, Ordering::Relaxed);
        }
        Ok(())
    }

    fn truncate(&self, len: u64) -> Result<()> {
        range_end(len, 0)?;
        self.bytes.store(len, Ordering::Relaxed);
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        self.counts.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn sync_all(&self) -> Result<()> {
        self.sync_data()
    }

    fn len(&self) -> Result<u64> {
        Ok(self.bytes.load(Ordering::Relaxed))
    }

    fn discard_before(&self, _offset: u64) {}
}

impl VfsLock for NullLock {}

fn nothing_found() -> Error {
    Error::new(ErrorKind::NotFound, "a null disk keeps no names, so nothing is ever found on it")
}
