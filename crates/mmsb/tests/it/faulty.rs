//! A disk that fails from the n-th write or sync on.

use std::{
    io::{Error, Result},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use mmsb::vfs::{Access, MemoryVfs, Metadata, Vfs, VfsFile, VfsLock};

/// A disk in memory that fails on demand. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct FaultyVfs {
    inner: MemoryVfs,
    left: Arc<Left>,
}

/// What still succeeds.
#[derive(Debug)]
struct Left {
    writes: AtomicU32,
    syncs: AtomicU32,
}

#[derive(Debug)]
struct FaultyFile {
    inner: Arc<dyn VfsFile>,
    left: Arc<Left>,
}

impl FaultyVfs {
    /// Makes a disk on which all goes well.
    pub fn new() -> Self {
        let never = || AtomicU32::new(u32::MAX);
        Self { inner: MemoryVfs::new(), left: Arc::new(Left { writes: never(), syncs: never() }) }
    }

    /// Lets so many more writes succeed.
    pub fn fail_writes_after(&self, count: u32) {
        self.left.writes.store(count, Ordering::SeqCst);
    }

    /// Lets so many more syncs succeed.
    pub fn fail_syncs_after(&self, count: u32) {
        self.left.syncs.store(count, Ordering::SeqCst);
    }

    /// Lets everything succeed again.
    pub fn mend(&self) {
        self.fail_writes_after(u32::MAX);
        self.fail_syncs_after(u32::MAX);
    }

    fn wrap(&self, inner: Arc<dyn VfsFile>) -> Arc<dyn VfsFile> {
        Arc::new(FaultyFile { inner, left: Arc::clone(&self.left) })
    }
}

fn spend(left: &AtomicU32, what: &str) -> Result<()> {
    let spend = |left: u32| if left == u32::MAX { Some(left) } else { left.checked_sub(1) };
    match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::other(format!("the test fails this {what}"))),
    }
}

impl Vfs for FaultyVfs {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>> {
        self.inner.open(path, access).map(|file| self.wrap(file))
    }

    fn create_new(&self, path: &Path) -> Result<Arc<dyn VfsFile>> {
        self.inner.create_new(path).map(|file| self.wrap(file))
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        self.inner.create_dir(path)
    }

    fn rename(&self, source: &Path, target: &Path) -> Result<()> {
        self.inner.rename(source, target)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.inner.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        self.inner.remove_dir(path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.inner.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.inner.sync_dir(dir)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        self.inner.metadata(path)
    }

    fn lock(&self, dir: &Path) -> Result<Box<dyn VfsLock>> {
        self.inner.lock(dir)
    }
}

impl VfsFile for FaultyFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        self.inner.read_at(offset, buffer)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        spend(&self.left.writes, "write")?;
        self.inner.write_at(offset, bytes)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.inner.truncate(len)
    }

    fn sync_data(&self) -> Result<()> {
        spend(&self.left.syncs, "sync")?;
        self.inner.sync_data()
    }

    fn sync_all(&self) -> Result<()> {
        spend(&self.left.syncs, "sync")?;
        self.inner.sync_all()
    }

    fn len(&self) -> Result<u64> {
        self.inner.len()
    }

    fn discard_before(&self, offset: u64) {
        self.inner.discard_before(offset);
    }
}
