//! A directory's lock: the system's lock on its LOCK file, and a registry of the directories locked here.
//!
//! The system's lock keeps other processes out and ends with the process, however that ends. The registry
//! keeps a second open in this process out on file systems too where one process cannot conflict with itself
//! (NFS).
//!
//! Invariant: a directory is in the registry exactly as long as an `OsLock` for it lives or is being made.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::vfs::{Access, LOCK_NAME, VfsLock, lock_held};

use super::{create_regular, open_regular, require_dir};

/// The locked directories of this process, by device and inode: these outlive a rename and see through links.
static LOCKED: Mutex<BTreeMap<DirKey, PathBuf>> = Mutex::new(BTreeMap::new());

type DirKey = (u64, u64);

/// A held lock.
#[derive(Debug)]
pub(super) struct OsLock {
    file: File,
    /// Who took the lock: the copy of this value in a forked child must not let go of the parent's.
    process_id: u32,
    // Fields drop in order: the system's lock goes first, so nobody meets it after finding the registry free.
    _registered: Registered,
}

/// A directory's place in the registry, given up on drop.
#[derive(Debug)]
struct Registered(DirKey);

impl OsLock {
    /// Locks `dir` or says who holds it; never waits.
    pub(super) fn acquire(dir: &Path) -> Result<OsLock> {
        let found = require_dir(dir)?;
        let registered = Registered::enter(dir, (found.dev(), found.ino()))?;
        let file = open_lock_file(&dir.join(LOCK_NAME))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(lock_held(dir, &named_holder(&file))),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let process_id = process::id();
        write_holder(&file, process_id);
        Ok(OsLock { file, process_id, _registered: registered })
    }
}

impl Drop for OsLock {
    fn drop(&mut self) {
        // Closing would do, were no child process between fork and exec still holding a copy of the handle.
        // An error leaves the lock to that close.
        if process::id() == self.process_id {
            let _ = self.file.unlock();
        }
    }
}

impl VfsLock for OsLock {}

impl Registered {
    fn enter(dir: &Path, key: DirKey) -> Result<Registered> {
        match registry().entry(key) {
            Entry::Occupied(held) => {
                Err(lock_held(dir, &format!("this process, which opened it as {}", held.get().display())))
            }
            Entry::Vacant(free) => {
                free.insert(dir.canonicalize()?);
                Ok(Registered(key))
            }
        }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        registry().remove(&self.0);
    }
}

fn registry() -> MutexGuard<'static, BTreeMap<DirKey, PathBuf>> {
    LOCKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the LOCK file, creating it if need be. Nobody removes one, so a lost race to create it ends in
/// opening.
fn open_lock_file(path: &Path) -> Result<File> {
    match create_regular(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => open_regular(path, Access::ReadWrite),
        created => created,
    }
}

/// Leaves the holder's process id in the file, for the text of a refusal alone: failing to write it (a full
/// disk) takes nothing from the lock.
fn write_holder(file: &File, process_id: u32) {
    let _ = file.set_len(0).and_then(|()| file.write_all_at(format!("{process_id}\n").as_bytes(), 0));
}

/// Names the holder as far as the file tells. Its text is untrusted and shown only if it is a number.
fn named_holder(file: &File) -> String {
    let mut text = [0; 16];
    let bytes = file.read_at(&mut text, 0).unwrap_or(0);
    match str::from_utf8(&text[..bytes]).ok().and_then(|text| text.trim_end().parse::<u32>().ok()) {
        Some(process_id) => format!("another holder, by its own word process {process_id}"),
        None => "another process".to_owned(),
    }
}
