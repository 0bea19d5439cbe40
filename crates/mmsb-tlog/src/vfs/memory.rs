//! [`MemoryVfs`]: a disk in memory, for a bus without files and for opening one again in the same process.
//!
//! Invariant: nothing is lost and nothing is simulated: a sync has nothing to do.
//! Invariant: a file lives as long as a name or a handle leads to it; its directory's lock is a flag in it.

mod content;
mod disk;

use std::io::{Error, ErrorKind, Result};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use self::content::Content;
use self::disk::{Disk, Node};
use super::{Access, Kind, LOCK_NAME, Metadata, Vfs, VfsFile, VfsLock, lock_held, range_end, require_write};

/// A disk in memory. Clones are the same disk; it lives as long as a clone or an open file does.
///
/// Paths begin at its root whether or not they begin with `/`; `..` is refused with `InvalidInput`.
#[derive(Clone, Debug, Default)]
pub struct MemoryVfs {
    disk: Arc<Mutex<Disk>>,
}

/// A file apart from its names and handles.
#[derive(Debug, Default)]
struct Inode {
    content: RwLock<Content>,
    /// Whether someone holds the directory whose LOCK this is; it goes along with a renamed directory.
    locked: AtomicBool,
}

#[derive(Debug)]
struct MemoryFile {
    inode: Arc<Inode>,
    access: Access,
}

#[derive(Debug)]
struct MemoryLock(Arc<Inode>);

impl MemoryVfs {
    /// Returns a new, empty disk.
    pub fn new() -> MemoryVfs {
        MemoryVfs::default()
    }

    /// Returns the memory that the bytes of all named files take, in bytes: whole chunks of 64 KiB.
    ///
    /// # Cost
    /// O(files); stops every other use of the disk's names meanwhile.
    pub fn held_bytes(&self) -> u64 {
        self.disk().files().map(|inode| inode.read(Content::held_bytes)).sum()
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vfs for MemoryVfs {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>> {
        match self.disk().find(&inside(path)?)? {
            Node::File(inode) => Ok(Arc::new(MemoryFile { inode, access })),
            Node::Directory => Err(ErrorKind::IsADirectory.into()),
        }
    }

    fn create_new(&self, path: &Path) -> Result<Arc<dyn VfsFile>> {
        let inode = Arc::new(Inode::default());
        self.disk().add(inside(path)?, Node::File(Arc::clone(&inode)))?;
        Ok(Arc::new(MemoryFile { inode, access: Access::ReadWrite }))
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        self.disk().add(inside(path)?, Node::Directory)
    }

    fn rename(&self, source: &Path, target: &Path) -> Result<()> {
        self.disk().rename(&inside(source)?, &inside(target)?)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.disk().remove_file(&inside(path)?)
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        self.disk().remove_dir(&inside(path)?)
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.disk().list(&inside(dir)?)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.disk().require_dir(&inside(dir)?)
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        Ok(match self.disk().find(&inside(path)?)? {
            Node::Directory => Metadata { kind: Kind::Directory, bytes: 0 },
            Node::File(inode) => Metadata { kind: Kind::File, bytes: inode.read(|content| content.len()) },
        })
    }

    fn lock(&self, dir: &Path) -> Result<Box<dyn VfsLock>> {
        let inode = self.disk().find_or_add_file(inside(dir)?.join(LOCK_NAME))?;
        if inode.locked.swap(true, Ordering::Acquire) {
            return Err(lock_held(dir, "this process, the only one that can reach a disk in memory"));
        }
        Ok(Box::new(MemoryLock(inode)))
    }
}

impl Inode {
    fn read<R>(&self, visit: impl FnOnce(&Content) -> R) -> R {
        visit(&self.content.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<R>(&self, change: impl FnOnce(&mut Content) -> R) -> R {
        change(&mut self.content.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl VfsFile for MemoryFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        range_end(offset, buffer.len())?;
        self.inode.read(|content| content.read_at(offset, buffer))
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        require_write(self.access)?;
        range_end(offset, bytes.len())?;
        self.inode.write(|content| content.write_at(offset, bytes));
        Ok(())
    }

    fn truncate(&self, len: u64) -> Result<()> {
        require_write(self.access)?;
        range_end(len, 0)?;
        self.inode.write(|content| content.truncate(len));
        Ok(())
    }

    fn sync_data(&self) -> Result<()> {
        Ok(())
    }

    fn sync_all(&self) -> Result<()> {
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(self.inode.read(Content::len))
    }

    fn discard_before(&self, offset: u64) {
        self.inode.write(|content| content.discard_before(offset));
    }
}

impl VfsLock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.0.locked.store(false, Ordering::Release);
    }
}

/// Brings a path to the one form under which it is kept: plain names from the root, without a leading `/`.
fn inside(path: &Path) -> Result<PathBuf> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(Error::new(ErrorKind::InvalidInput, "a disk in memory knows no `..`"));
            }
        }
    }
    Ok(plain)
}
