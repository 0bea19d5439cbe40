//! The directory of a bus: which files it has, how that changes, and who writes.
//!
//! A [`LogDir`] is shared: what one clone edits, all clones see. The manifest names the files; the files
//! themselves are opened through [`LogDir::open_segment`] and [`LogDir::checkpoint_path`].
//!
//! Invariant: a directory without a whole manifest is no bus; `create` makes one appear by a single rename.
//! Invariant: a manifest is seen only once it is durable, and a file goes only after the manifest without it is.

mod create;
mod edit;
mod index;
mod leftovers;
mod load;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use mmsb_types::{
    Lsn,
    plant::{Fault, is_planted},
};

pub use self::leftovers::Leftover;
pub(crate) use self::load::{check_segment_head, newest_manifest};
use crate::{
    CheckpointRef, InstanceId, LogError, Manifest, SegmentHead,
    sync::outer::{
        Mutex, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    vfs::{Access, Vfs, VfsFile, VfsLock},
};

/// Behind the name of a file that is being written: until it has its own name, it means nothing.
const TEMPORARY: &str = ".new";

/// The directory of one bus. Clones see the same newest manifest.
#[derive(Clone, Debug)]
pub struct LogDir {
    vfs: Arc<dyn Vfs>,
    path: PathBuf,
    state: Arc<State>,
}

/// What clones share.
#[derive(Debug)]
struct State {
    newest: RwLock<Arc<Manifest>>,
    /// Held by who edits; true once an edit failed so that nobody knows which manifest will be found.
    editing: Mutex<bool>,
    /// The names are known to be durable: this process has synced them.
    is_settled: AtomicBool,
}

impl LogDir {
    /// Reads the newest manifest of the bus at `path` and checks the heads of the segments behind its newest
    /// checkpoint. Changes nothing.
    ///
    /// # Errors
    /// [`LogError::NotABus`], [`LogError::Corrupt`], [`LogError::UnsupportedVersion`], [`LogError::Io`].
    pub fn open(vfs: Arc<dyn Vfs>, path: &Path) -> Result<Self, LogError> {
        let manifest = load::openable_manifest(vfs.as_ref(), path)?;
        Ok(Self::of(vfs, path, manifest))
    }

    /// Reads the directory once more: a writer may have changed the set of files since. Other clones keep what
    /// they saw.
    ///
    /// # Errors
    /// As [`LogDir::open`].
    pub fn reopen(&self) -> Result<Self, LogError> {
        Self::open(Arc::clone(&self.vfs), &self.path)
    }

    fn of(vfs: Arc<dyn Vfs>, path: &Path, manifest: Manifest) -> Self {
        let state = State {
            newest: RwLock::new(Arc::new(manifest)),
            editing: Mutex::new(false),
            is_settled: AtomicBool::new(false),
        };
        Self { vfs, path: path.to_owned(), state: Arc::new(state) }
    }

    /// Returns the same directory by a path that holds wherever the process goes.
    #[must_use]
    pub fn anchored(self) -> Self {
        Self { path: self.vfs.absolute(&self.path), ..self }
    }

    /// Returns the newest manifest.
    #[must_use]
    pub fn manifest(&self) -> Arc<Manifest> {
        Arc::clone(&self.state.newest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the bus this is.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.manifest().instance
    }

    /// Returns the disk.
    #[must_use]
    pub fn vfs(&self) -> &Arc<dyn Vfs> {
        &self.vfs
    }

    /// Returns the directory's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of a segment.
    #[must_use]
    pub fn segment_path(&self, head: &SegmentHead) -> PathBuf {
        self.path.join(head.file_name())
    }

    /// Returns the path of the checkpoint at `epoch`.
    #[must_use]
    pub fn checkpoint_path(&self, epoch: u64) -> PathBuf {
        self.path.join(CheckpointRef::name_of(epoch))
    }

    /// Returns the path under which the file `name` is written before it gets its name. Opening for writing
    /// removes what a crash left there.
    #[must_use]
    pub fn temporary_path(&self, name: &str) -> PathBuf {
        self.path.join(temporary_name(name))
    }

    /// Returns the file that holds the byte at `lsn`, and the byte's offset in it.
    #[must_use]
    pub fn place_of(&self, lsn: Lsn) -> (PathBuf, u64) {
        let head = self.manifest().segment_of(lsn);
        (self.segment_path(&head), lsn.get().saturating_sub(head.first_lsn.get()))
    }

    /// Opens a segment; its head is not looked at.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn open_segment(&self, head: &SegmentHead, access: Access) -> Result<Arc<dyn VfsFile>, LogError> {
        let path = self.segment_path(head);
        self.vfs.open(&path, access).map_err(io_error("opening", &path, 0))
    }

    /// Makes the directory's own name, and those in it, durable, unless this process has seen to that: whoever
    /// made them may have died between a rename and the sync that belongs to it, and nothing that is written
    /// from now on may stand behind a name that a power cut takes away.
    pub(crate) fn settle(&self) -> Result<(), LogError> {
        if !self.state.is_settled.load(Ordering::Acquire) && !is_planted(Fault::SkipSettle) {
            let parent = create::parent_of(&self.path);
            self.vfs.sync_dir(parent).map_err(io_error("syncing", parent, 0))?;
            self.vfs.sync_dir(&self.path).map_err(io_error("syncing", &self.path, 0))?;
            self.state.is_settled.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Makes the names in the directory durable.
    pub(crate) fn sync_names(&self) -> Result<(), LogError> {
        if is_planted(Fault::SkipDirSync) {
            return Ok(());
        }
        self.vfs.sync_dir(&self.path).map_err(io_error("syncing", &self.path, 0))
    }

    /// Takes the bus for writing, until the lock is dropped.
    ///
    /// # Errors
    /// [`LogError::Locked`] if someone else has it; [`LogError::Io`].
    pub fn lock(&self) -> Result<Box<dyn VfsLock>, LogError> {
        self.vfs.lock(&self.path).map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => LogError::Locked { dir: self.path.clone(), source },
            _ => io_error("locking", &self.path, 0)(source),
        })
    }
}

/// Returns the name under which the file `name` is written before it gets its name.
pub(crate) fn temporary_name(name: &str) -> String {
    format!("{name}{TEMPORARY}")
}

/// Returns the closure that wraps an `io::Error` with what was tried where.
pub(crate) fn io_error<'a>(
    operation: &'static str,
    file: &'a Path,
    offset: u64,
) -> impl Fn(io::Error) -> LogError + Copy + use<'a> {
    move |source| LogError::Io { operation, file: file.to_owned(), offset, source }
}
