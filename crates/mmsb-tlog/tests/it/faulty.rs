//! A disk for tests: counts down to a failing write or sync, remembers what was done, may read stale bytes once.

use std::{
    io::{Error, Result},
    ops::Range,
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use mmsb_tlog::vfs::{Access, MemoryVfs, Metadata, Vfs, VfsFile, VfsLock};

/// What was done to the files, in order.
#[derive(Clone, Debug)]
pub enum Action {
    Write {
        offset: u64,
        bytes: Vec<u8>,
    },
    Cut,
    /// `begun`: how many actions were before it; those since then are none of its.
    Sync {
        begun: usize,
    },
}

/// A disk in memory that fails on demand.
#[derive(Clone, Debug, Default)]
pub struct Faulty {
    inner: MemoryVfs,
    plan: Arc<Mutex<Plan>>,
    changed: Arc<Condvar>,
}

#[derive(Debug, Default)]
pub struct Plan {
    /// Writes that still succeed; `None`: all.
    pub writes_left: Option<u32>,
    /// Syncs that still succeed; `None`: all.
    pub syncs_left: Option<u32>,
    /// Syncs wait as long as this is set.
    pub syncs_held: bool,
    /// Syncs that wait.
    pub syncs_waiting: u32,
    /// Bytes of a file that the next read finds as zeros.
    pub unseen: Option<Range<u64>>,
    pub actions: Vec<Action>,
    /// Bytes that were read so far.
    pub read_bytes: u64,
}

impl Faulty {
    pub fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets syncs wait from now on.
    pub fn hold_syncs(&self) {
        self.plan().syncs_held = true;
    }

    /// Returns once a sync waits.
    pub fn wait_for_sync(&self) {
        drop(self.changed.wait_while(self.plan(), |plan| plan.syncs_waiting == 0).unwrap());
    }

    /// Lets all syncs go on.
    pub fn release_syncs(&self) {
        self.plan().syncs_held = false;
        self.changed.notify_all();
    }
}

#[derive(Debug)]
struct FaultyFile {
    inner: Arc<dyn VfsFile>,
    disk: Faulty,
}

fn spend(left: &mut Option<u32>, what: &str) -> Result<()> {
    match left {
        Some(0) => Err(Error::other(format!("the test fails this {what}"))),
        Some(left) => {
            *left -= 1;
            Ok(())
        }
        None => Ok(()),
    }
}

impl FaultyFile {
    fn sync(&self) -> Result<()> {
        let mut plan = self.disk.plan();
        let begun = plan.actions.len();
        plan.syncs_waiting += 1;
        self.disk.changed.notify_all();
        plan = self.disk.changed.wait_while(plan, |plan| plan.syncs_held).unwrap();
        plan.syncs_waiting -= 1;
        spend(&mut plan.syncs_left, "sync")?;
        plan.actions.push(Action::Sync { begun });
        Ok(())
    }
}

impl VfsFile for FaultyFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let got = self.inner.read_at(offset, buffer)?;
        let mut plan = self.disk.plan();
        plan.read_bytes += got as u64;
        if let Some(unseen) = plan.unseen.clone()
            && unseen.start < offset + got as u64
            && offset < unseen.end
        {
            let end = (unseen.end - offset).min(got as u64) as usize;
            buffer[unseen.start.saturating_sub(offset) as usize..end].fill(0);
            plan.unseen = None;
        }
        Ok(got)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        let mut plan = self.disk.plan();
        if let Err(error) = spend(&mut plan.writes_left, "write") {
            // Half of it lands, as on a full disk.
            self.inner.write_at(offset, &bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        plan.actions.push(Action::Write { offset, bytes: bytes.to_vec() });
        self.inner.write_at(offset, bytes)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        self.disk.plan().actions.push(Action::Cut);
        self.inner.truncate(len)
    }

    fn sync_data(&self) -> Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> Result<()> {
        self.sync()
    }

    fn len(&self) -> Result<u64> {
        self.inner.len()
    }

    fn discard_before(&self, offset: u64) {
        self.inner.discard_before(offset);
    }
}

impl Vfs for Faulty {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>> {
        Ok(Arc::new(FaultyFile { inner: self.inner.open(path, access)?, disk: self.clone() }))
    }

    fn create_new(&self, path: &Path) -> Result<Arc<dyn VfsFile>> {
        Ok(Arc::new(FaultyFile { inner: self.inner.create_new(path)?, disk: self.clone() }))
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
