//! A disk in memory that counts the bytes that are read.

use std::{
    io::Result,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use mmsb::vfs::{Access, MemoryVfs, Metadata, Vfs, VfsFile, VfsLock};

/// The disk.
#[derive(Debug, Default)]
pub struct Counting {
    disk: MemoryVfs,
    bytes: Arc<AtomicU64>,
}

#[derive(Debug)]
struct CountingFile {
    file: Arc<dyn VfsFile>,
    bytes: Arc<AtomicU64>,
}

impl Counting {
    /// Returns the bytes read since it was asked last.
    pub fn take(&self) -> u64 {
        self.bytes.swap(0, Ordering::Relaxed)
    }

    fn count(&self, file: Result<Arc<dyn VfsFile>>) -> Result<Arc<dyn VfsFile>> {
        let bytes = Arc::clone(&self.bytes);
        file.map(|file| Arc::new(CountingFile { file, bytes }) as Arc<dyn VfsFile>)
    }
}

impl Vfs for Counting {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>> {
        self.count(self.disk.open(path, access))
    }

    fn create_new(&self, path: &Path) -> Result<Arc<dyn VfsFile>> {
        self.count(self.disk.create_new(path))
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        self.disk.create_dir(path)
    }

    fn rename(&self, source: &Path, target: &Path) -> Result<()> {
        self.disk.rename(source, target)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.disk.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        self.disk.remove_dir(path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.disk.sync_dir(dir)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        self.disk.metadata(path)
    }

    fn lock(&self, dir: &Path) -> Result<Box<dyn VfsLock>> {
        self.disk.lock(dir)
    }
}

impl VfsFile for CountingFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let got = self.file.read_at(offset, buffer)?;
        self.bytes.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        self.file.write_at(offset, bytes)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.file.truncate(len)
    }

    fn sync_data(&self) -> Result<()> {
        self.file.sync_data()
    }

    fn sync_all(&self) -> Result<()> {
        self.file.sync_all()
    }

    fn len(&self) -> Result<u64> {
        self.file.len()
    }

    fn discard_before(&self, offset: u64) {
        self.file.discard_before(offset);
    }
}
