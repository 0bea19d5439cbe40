//! Open files and held locks of a simulated disk.

use std::{io::Result, path::Path, sync::Arc};

use super::{FaultyVfs, failure::CallKind, node::Id, state::State};
use crate::vfs::{Access, VfsFile, VfsLock, range_end, require_write};

/// An open file: its node, whatever it is called by now.
#[derive(Debug)]
pub(super) struct FaultyFile {
    pub(super) vfs: FaultyVfs,
    pub(super) id: Id,
    /// As it was opened.
    pub(super) path: Arc<Path>,
    pub(super) access: Access,
}

#[derive(Debug)]
pub(super) struct FaultyLock {
    pub(super) vfs: FaultyVfs,
    pub(super) id: Id,
}

impl FaultyFile {
    /// Makes a call; a planned failure does `half` of it.
    fn call<R>(
        &self,
        kind: CallKind,
        place: (u64, usize),
        act: impl FnOnce(&mut State) -> Result<R>,
        half: impl FnOnce(&mut State),
    ) -> Result<R> {
        let mut state = self.vfs.lock();
        let call = state.next_call(kind, Arc::clone(&self.path), place.0, place.1);
        let done = match state.strike(kind) {
            None => act(&mut state),
            Some(error) => {
                half(&mut state);
                Err(error)
            }
        };
        state.note(call);
        done
    }

    fn sync(&self) -> Result<()> {
        let lose = |state: &mut State| {
            if let Ok(file) = state.disk.file_mut(self.id) {
                file.lose();
            }
        };
        self.call(CallKind::Sync, (0, 0), |state| state.sync_file(self.id), lose)
    }
}

impl VfsFile for FaultyFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        range_end(offset, buffer.len())?;
        let mut state = self.vfs.lock();
        let call = state.next_call(CallKind::Read, Arc::clone(&self.path), offset, buffer.len());
        let failure = state.strike(CallKind::Read);
        let wanted = if failure.is_some() { buffer.len() / 2 } else { buffer.len() };
        let got = state.disk.file(self.id).map(|file| file.now.read(offset, &mut buffer[..wanted]));
        state.note(call);
        failure.map_or(got, Err)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        require_write(self.access)?;
        range_end(offset, bytes.len())?;
        let write = |state: &mut State| {
            state.disk.file_mut(self.id)?.write(offset, bytes);
            Ok(())
        };
        let half = |state: &mut State| {
            if let Ok(file) = state.disk.file_mut(self.id) {
                file.write(offset, &bytes[..bytes.len() / 2]);
            }
        };
        self.call(CallKind::Write, (offset, bytes.len()), write, half)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        require_write(self.access)?;
        range_end(len, 0)?;
        let truncate = |state: &mut State| {
            state.disk.file_mut(self.id)?.truncate(len);
            Ok(())
        };
        self.call(CallKind::Truncate, (len, 0), truncate, |_| ())
    }

    fn sync_data(&self) -> Result<()> {
        self.sync()
    }

    fn sync_all(&self) -> Result<()> {
        self.sync()
    }

    fn len(&self) -> Result<u64> {
        self.call(CallKind::Len, (0, 0), |state| Ok(state.disk.file(self.id)?.now.len()), |_| ())
    }

    /// Nothing is forgotten: a power cut may want it.
    fn discard_before(&self, _offset: u64) {}
}

impl Drop for FaultyFile {
    fn drop(&mut self) {
        self.vfs.lock().close(self.id);
    }
}

impl VfsLock for FaultyLock {}

impl Drop for FaultyLock {
    fn drop(&mut self) {
        let mut state = self.vfs.lock();
        state.locked.remove(&self.id);
        state.close(self.id);
    }
}
