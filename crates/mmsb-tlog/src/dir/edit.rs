//! Changing the set of files: a new manifest, seen once it is durable; then the old one goes.
//!
//! Invariant: one edit at a time, generations rise by one, and from a failure at the rename or behind it no
//! further edit is tried: nobody knows which manifest the next opening finds.

use std::{
    io,
    sync::{Arc, PoisonError},
};

use super::{LogDir, io_error};
use crate::{LogError, Manifest};

impl LogDir {
    /// Changes the manifest: `change` gets a copy of the newest one, whose generation is one higher. When the
    /// call returns, what was changed is durable, and every clone sees it. A copy that comes back as it was
    /// is not written.
    ///
    /// Only who holds the bus's lock edits.
    ///
    /// # Errors
    /// [`LogError::Io`]; the manifest is then as it was, or, if the rename or what came after it failed, one of
    /// the two: later edits are refused with [`LogError::Poisoned`].
    ///
    /// # Panics
    /// If `change` makes a manifest that cannot be.
    pub fn edit<R>(&self, change: impl FnOnce(&mut Manifest) -> R) -> Result<R, LogError> {
        let mut is_broken = self.state.editing.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_broken {
            return Err(LogError::Poisoned { cause: "an earlier change of the manifest failed".to_owned() });
        }
        let old = self.manifest();
        let mut next = Manifest { generation: old.generation + 1, ..Manifest::clone(&old) };
        let answer = change(&mut next);
        if next == (Manifest { generation: next.generation, ..Manifest::clone(&old) }) {
            return Ok(answer);
        }
        assert_eq!((next.generation, next.instance), (old.generation + 1, old.instance), "not the editor's");
        if let Err(what) = next.check() {
            panic!("an edit made a manifest that cannot be: {what}");
        }
        self.write_temporary(&next)?;
        *is_broken = true;
        self.put_in_place(&next)?;
        *is_broken = false;
        *self.state.newest.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        // If it stays, it is superseded, and the next opening for writing removes it.
        let _ = self.vfs.remove(&self.path.join(old.file_name()));
        Ok(answer)
    }

    fn write_temporary(&self, next: &Manifest) -> Result<(), LogError> {
        let path = self.temporary_path(&next.file_name());
        match self.vfs.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("removing", &path, 0)(error));
            }
            _ => {}
        }
        let written = self.write_new(&path, &next.encode());
        written.inspect_err(|_| drop(self.vfs.remove(&path)))
    }

    fn put_in_place(&self, next: &Manifest) -> Result<(), LogError> {
        let path = self.path.join(next.file_name());
        let renamed = self.vfs.rename(&self.temporary_path(&next.file_name()), &path);
        renamed.map_err(io_error("creating", &path, 0))?;
        self.sync_names()
    }
}
