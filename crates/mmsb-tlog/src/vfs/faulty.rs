//! [`FaultyVfs`]: a disk in memory that loses, tears, refuses and damages, on demand.
//!
//! Every file keeps its durable bytes beside the ordered list of writes and truncations that no sync has
//! followed, every directory its durable names beside the pending ones. A power cut ([`Crash`]) may take any
//! of them away, or tear a write apart. Calls can be made to fail ([`Failure`]), durable bytes to go bad
//! ([`Damage`]). Recording keeps the disk after every change ([`Moment`]), at the cost of a few pointers.
//!
//! Invariant: without failures and power cuts it is as good a disk as any other.
//! Invariant: nothing here is random but what a seed was given for.

mod bytes;
mod crash;
mod damage;
mod disk;
mod failure;
mod file;
mod moment;
mod node;
mod state;

use std::{
    io::Result,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use self::{
    crash::{Crash, Fate},
    damage::Damage,
    failure::{CallKind, Failure, FailureKind},
    moment::{Call, Moment},
};
use self::{
    disk::{Disk, ROOT},
    file::{FaultyFile, FaultyLock},
    node::{Dir, File, Node},
    state::State,
};
use super::{Access, Kind, LOCK_NAME, Metadata, Vfs, VfsFile, VfsLock, lock_held};
use crate::sync::outer::turn;

/// A simulated disk. Clones are the same disk.
///
/// Paths begin at its root whether or not they begin with `/`; `..` is refused with `InvalidInput`.
#[derive(Clone, Debug, Default)]
pub struct FaultyVfs {
    state: Arc<Mutex<State>>,
}

impl FaultyVfs {
    /// Returns a new, empty disk on which all goes well.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the calls so far, those that failed included.
    #[must_use]
    pub fn call_count(&self) -> u64 {
        self.lock().calls
    }

    /// Lets calls fail from now on; replaces what was planned before.
    pub fn fail(&self, failure: Failure) {
        self.lock().failure = Some(failure);
    }

    /// Lets every call succeed again.
    pub fn mend(&self) {
        self.lock().failure = None;
    }

    /// Counts the calls that failed because they were planned to.
    #[must_use]
    pub fn failure_count(&self) -> u64 {
        self.lock().failed
    }

    /// Keeps the disk after every change from now on.
    pub fn record(&self) {
        self.lock().moments = Some(Vec::new());
    }

    /// Ends the recording and returns it: a moment for each call that may have changed the disk, in order.
    #[must_use]
    pub fn take_moments(&self) -> Vec<Moment> {
        self.lock().moments.take().unwrap_or_default()
    }

    /// Lists every call from now on.
    pub fn list_calls(&self) {
        self.lock().list = Some(Vec::new());
    }

    /// Ends the list of calls and returns it.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        self.lock().list.take().unwrap_or_default()
    }

    /// Returns another disk, as a power cut at this moment leaves this one.
    #[must_use]
    pub fn crash(&self, crash: Crash) -> Self {
        let state = self.lock();
        Self::of(state.disk.crash(&state.disk.decide(crash)))
    }

    /// Returns another disk with the same files, and as much unsynced; no call on it is planned to fail.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::of(self.lock().disk.clone())
    }

    /// Returns the paths of all files, in order of their names.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let (state, mut files) = (self.lock(), Vec::new());
        collect_files(&state.disk, ROOT, Path::new(""), &mut files);
        files
    }

    /// Returns how long all files are together, in bytes.
    #[must_use]
    pub fn bytes_total(&self) -> u64 {
        let length = |node: &Node| if let Node::File(file) = node { file.now.len() } else { 0 };
        self.lock().disk.nodes.values().map(length).sum()
    }

    /// Returns all bytes of a file.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`, as opening it.
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>> {
        disk::check(path)?;
        let state = self.lock();
        let file = state.disk.file(state.disk.find(path)?)?;
        let mut bytes = vec![0; file.now.len() as usize];
        file.now.read(0, &mut bytes);
        Ok(bytes)
    }

    /// Makes these the bytes of a file that exists, durably and behind everybody's back.
    ///
    /// # Errors
    /// As [`FaultyVfs::bytes`].
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        disk::check(path)?;
        let mut state = self.lock();
        let id = state.disk.find(path)?;
        let mut content = bytes::Bytes::default();
        content.write(0, bytes);
        *state.disk.file_mut(id)? = File::of(content);
        Ok(())
    }

    fn of(disk: Disk) -> Self {
        Self { state: Arc::new(Mutex::new(State { disk, ..State::default() })) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        turn();
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a call that concerns a name.
    fn call<R>(&self, kind: CallKind, path: &Path, act: impl FnOnce(&mut State) -> Result<R>) -> Result<R> {
        disk::check(path)?;
        let mut state = self.lock();
        let call = state.next_call(kind, path.into(), 0, 0);
        let done = match state.strike(kind) {
            Some(error) => Err(error),
            None => act(&mut state),
        };
        state.note(call);
        done
    }

    fn open_node(&self, state: &mut State, id: u64, path: &Path, access: Access) -> Arc<dyn VfsFile> {
        *state.open.entry(id).or_default() += 1;
        Arc::new(FaultyFile { vfs: self.clone(), id, path: path.into(), access })
    }
}

fn collect_files(disk: &Disk, dir: u64, path: &Path, files: &mut Vec<PathBuf>) {
    let Ok(names) = disk.dir(dir) else { return };
    for (name, &id) in &names.now {
        let path = path.join(&**name);
        match disk.nodes[&id] {
            Node::File(_) => files.push(path),
            Node::Dir(_) => collect_files(disk, id, &path, files),
        }
    }
}

impl Vfs for FaultyVfs {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>> {
        self.call(CallKind::Open, path, |state| {
            let id = state.disk.find(path)?;
            state.disk.file(id)?;
            Ok(self.open_node(state, id, path, access))
        })
    }

    fn create_new(&self, path: &Path) -> Result<Arc<dyn VfsFile>> {
        self.call(CallKind::CreateNew, path, |state| {
            let id = state.disk.add(path, Node::File(Arc::new(File::default())))?;
            Ok(self.open_node(state, id, path, Access::ReadWrite))
        })
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        let add = |state: &mut State| state.disk.add(path, Node::Dir(Arc::new(Dir::default()))).map(drop);
        self.call(CallKind::CreateDir, path, add)
    }

    fn rename(&self, source: &Path, target: &Path) -> Result<()> {
        disk::check(target)?;
        self.call(CallKind::Rename, source, |state| state.disk.rename(source, target))
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.call(CallKind::Remove, path, |state| state.disk.remove_file(path))
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        self.call(CallKind::RemoveDir, path, |state| state.disk.remove_dir(path))
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        self.call(CallKind::List, dir, |state| {
            let names = &state.disk.dir(state.disk.find(dir)?)?.now;
            Ok(names.keys().map(|name| name.to_string()).collect())
        })
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        disk::check(dir)?;
        let mut state = self.lock();
        let call = state.next_call(CallKind::SyncDir, dir.into(), 0, 0);
        let synced = state.sync_dir(dir);
        state.note(call);
        synced
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        self.call(CallKind::Metadata, path, |state| {
            let id = state.disk.find(path)?;
            Ok(match &state.disk.nodes[&id] {
                Node::Dir(_) => Metadata { kind: Kind::Directory, bytes: 0 },
                Node::File(file) => Metadata { kind: Kind::File, bytes: file.now.len() },
            })
        })
    }

    fn lock(&self, dir: &Path) -> Result<Box<dyn VfsLock>> {
        self.call(CallKind::Lock, dir, |state| {
            let path = dir.join(LOCK_NAME);
            state.disk.dir(state.disk.find(dir)?)?;
            let id = match state.disk.find(&path) {
                Ok(id) => id,
                Err(_) => state.disk.add(&path, Node::File(Arc::new(File::default())))?,
            };
            state.disk.file(id)?;
            if !state.locked.insert(id) {
                return Err(lock_held(dir, "this process, the only one that can reach a simulated disk"));
            }
            *state.open.entry(id).or_default() += 1;
            Ok(Box::new(FaultyLock { vfs: self.clone(), id }) as Box<dyn VfsLock>)
        })
    }
}
