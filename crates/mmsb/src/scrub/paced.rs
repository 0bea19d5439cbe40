//! A disk that is read at a pace.
//!
//! Invariant: nothing is changed through it; whatever would change something is refused.

use std::{
    io::{Error, ErrorKind, Result},
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_tlog::vfs::{Access, Metadata, Vfs, VfsFile, VfsLock};

use super::pace::Pace;

#[derive(Debug)]
pub(super) struct PacedVfs {
    disk: Arc<dyn Vfs>,
    pace: Arc<Pace>,
}

#[derive(Debug)]
struct PacedFile {
    file: Arc<dyn VfsFile>,
    pace: Arc<Pace>,
}

impl PacedVfs {
    pub(super) fn new(disk: Arc<dyn Vfs>, pace: Arc<Pace>) -> Self {
        Self { disk, pace }
    }
}

impl Vfs for PacedVfs {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>> {
        if access != Access::ReadOnly {
            return refused();
        }
        let file = self.disk.open(path, access)?;
        Ok(Arc::new(PacedFile { file, pace: Arc::clone(&self.pace) }))
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        self.disk.metadata(path)
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.disk.absolute(path)
    }

    fn create_new(&self, _: &Path) -> Result<Arc<dyn VfsFile>> {
        refused()
    }

    fn create_dir(&self, _: &Path) -> Result<()> {
        refused()
    }

    fn rename(&self, _: &Path, _: &Path) -> Result<()> {
        refused()
    }

    fn remove(&self, _: &Path) -> Result<()> {
        refused()
    }

    fn remove_dir(&self, _: &Path) -> Result<()> {
        refused()
    }

    fn sync_dir(&self, _: &Path) -> Result<()> {
        refused()
    }

    fn lock(&self, _: &Path) -> Result<Box<dyn VfsLock>> {
        refused()
    }
}

impl VfsFile for PacedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let count = self.file.read_at(offset, buffer)?;
        let goes_on = self.pace.pay(count);
        if goes_on { Ok(count) } else { Err(ErrorKind::TimedOut.into()) }
    }

    fn len(&self) -> Result<u64> {
        self.file.len()
    }

    fn write_at(&self, _: u64, _: &[u8]) -> Result<()> {
        refused()
    }

    fn truncate(&self, _: u64) -> Result<()> {
        refused()
    }

    fn sync_data(&self) -> Result<()> {
        refused()
    }

    fn sync_all(&self) -> Result<()> {
        refused()
    }

    fn discard_before(&self, _: u64) {}
}

fn refused<T>() -> Result<T> {
    Err(Error::new(ErrorKind::PermissionDenied, "a scrubber reads only"))
}
