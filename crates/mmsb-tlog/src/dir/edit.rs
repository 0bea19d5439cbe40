//! Changing the set of files: a new manifest, seen once it is durable; then the old one goes.
//!
//! Invariant: one edit at a time, generations rise by one, and from a failure at the rename or behind it no
//! further edit is tried: nobody knows which manifest the next opening finds.

use std::{
    io,
    sync::{Arc, PoisonError},
};

use super::{LogDir, io_error, leftovers::INDEX};
use crate::{
    CheckpointRef, LogError, Manifest, SegmentHead,
    sync::{Fault, is_planted},
};

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
        self.replace(change).map(|(answer, ..)| answer)
    }

    /// Edits the manifest as [`LogDir::edit`] does, and then removes the files that it no longer names: segments
    /// from the front, checkpoints on which nothing builds.
    ///
    /// Who reads a removed file through an open handle reads on; who comes later is told
    /// [`LogError::HistoryGone`].
    ///
    /// # Errors
    /// As [`LogDir::edit`]; [`LogError::Io`] also if a file cannot be removed: the manifest is then the new one,
    /// and the next opening for writing removes the file.
    ///
    /// # Panics
    /// As [`LogDir::edit`].
    pub fn retire<R>(&self, change: impl FnOnce(&mut Manifest) -> R) -> Result<R, LogError> {
        let (answer, old, new) = self.replace(change)?;
        let segments = old.segments.iter().filter(|head| !new.segments.contains(head));
        let indices = segments.clone().map(|head| format!("{INDEX}{}", head.segment));
        let checkpoints = old
            .checkpoints
            .iter()
            .filter(|&checkpoint| new.checkpoint(checkpoint.epoch()) != Some(checkpoint));
        let names = segments.map(SegmentHead::file_name).chain(checkpoints.map(CheckpointRef::file_name));
        for name in names.chain(indices) {
            let path = self.path.join(name);
            match self.vfs.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error("removing", &path, 0)(error));
                }
                _ => {}
            }
        }
        Ok(answer)
    }

    /// Puts a changed manifest in the place of the old one; returns both.
    fn replace<R>(
        &self,
        change: impl FnOnce(&mut Manifest) -> R,
    ) -> Result<(R, Arc<Manifest>, Arc<Manifest>), LogError> {
        let mut is_broken = self.state.editing.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_broken {
            return Err(LogError::Poisoned { cause: "an earlier change of the manifest failed".to_owned() });
        }
        let old = self.manifest();
        let unchanged = Manifest { generation: old.generation + 1, ..Manifest::clone(&old) };
        let mut next = unchanged.clone();
        let answer = change(&mut next);
        if next == unchanged {
            return Ok((answer, Arc::clone(&old), old));
        }
        assert_eq!(
            (next.generation, next.instance),
            (unchanged.generation, old.instance),
            "not the editor's"
        );
        if let Err(what) = next.check() {
            panic!("an edit made a manifest that cannot be: {what}");
        }
        self.write_temporary(&next)?;
        *is_broken = true;
        self.put_in_place(&next)?;
        *is_broken = false;
        let next = Arc::new(next);
        *self.state.newest.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
        // If it stays, it is superseded, and the next opening for writing removes it.
        let _ = self.vfs.remove(&self.path.join(old.file_name()));
        Ok((answer, old, next))
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
        if is_planted(Fault::CutBeforeCheckpoint) { Ok(()) } else { self.sync_names() }
    }
}
