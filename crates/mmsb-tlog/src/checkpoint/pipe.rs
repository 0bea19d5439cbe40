//! The thread that writes blocks while the next ones are made, and the one that syncs while the next are written.
//!
//! Syncing ahead keeps the disk busy from the beginning, and spares those who sync the log at the same time a
//! wait for all of a checkpoint at its end. It proves nothing: the file is synced once more when it is whole.
//!
//! Invariant: at most [`BUFFER_COUNT`] blocks are in memory; blocks are written in the order in which they were
//! given; after an error of either thread nothing more is written, and the error is told.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_types::env;

use crate::{
    LogError,
    dir::io_error,
    sync::outer::{
        mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel},
        thread::{self, JoinHandle},
    },
    vfs::VfsFile,
};

/// One being filled, one being written, one between.
const BUFFER_COUNT: usize = 3;
/// Bytes written between two syncs, unless the one before is still under way: half of what is written by then, so that
/// the end of a short file has not all of it to wait for; of a long one no more, for each sync delays who writes beside.
const SYNC_BYTES_MIN: u64 = 8 << 20;
const SYNC_BYTES_MAX: u64 = 64 << 20;

/// Writes blocks to a file, one behind the other.
#[derive(Debug)]
pub(super) struct Pipe {
    blocks: SyncSender<(u64, Vec<u8>)>,
    spares: Receiver<Vec<u8>>,
    /// Buffers that were not made yet.
    unmade_count: usize,
    thread: JoinHandle<Result<(), LogError>>,
}

/// The thread's ends of the pipe, and where it leads.
struct Drain {
    blocks: Receiver<(u64, Vec<u8>)>,
    spares: Sender<Vec<u8>>,
    file: Arc<dyn VfsFile>,
    path: PathBuf,
}

impl Pipe {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`LogError::Spawn`].
    pub(super) fn start(file: &Arc<dyn VfsFile>, path: &Path) -> Result<Self, LogError> {
        let (blocks, out) = sync_channel(BUFFER_COUNT);
        let (back, spares) = channel();
        let drain = Drain { blocks: out, spares: back, file: Arc::clone(file), path: path.to_owned() };
        let thread = env::spawn("mmsb-checkpoint", move || drain.run());
        let thread = thread.map_err(|source| LogError::Spawn { source })?;
        // One buffer is the builder's already.
        Ok(Self { blocks, spares, unmade_count: BUFFER_COUNT - 1, thread })
    }

    /// Returns memory for the next block; waits for the disk if all is in use. Empty after an error.
    pub(super) fn spare(&mut self) -> Vec<u8> {
        if let Ok(spare) = self.spares.try_recv() {
            return spare;
        }
        if self.unmade_count > 0 {
            self.unmade_count -= 1;
            return Vec::new();
        }
        self.spares.recv().unwrap_or_default()
    }

    /// Has a block written at `offset`; false if writing has failed, which [`Pipe::finish`] explains.
    pub(super) fn send(&self, offset: u64, block: Vec<u8>) -> bool {
        self.blocks.send((offset, block)).is_ok()
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// What the first failing write said.
    pub(super) fn finish(self) -> Result<(), LogError> {
        drop(self.blocks);
        match self.thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drain {
    fn run(self) -> Result<(), LogError> {
        thread::scope(|scope| {
            let (due, asked) = sync_channel(1);
            let (file, path) = (&self.file, &self.path);
            let syncing =
                env::spawn_scoped(scope, "mmsb-checkpoint-sync", move || sync_ahead(&asked, file, path));
            let syncing = syncing.map_err(|source| LogError::Spawn { source })?;
            let written = self.write(due);
            let synced = syncing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            written.and(synced)
        })
    }

    fn write(&self, due: SyncSender<()>) -> Result<(), LogError> {
        let mut synced_to = 0;
        for (offset, block) in &self.blocks {
            self.file.write_at(offset, &block).map_err(io_error("writing", &self.path, offset))?;
            let end = offset + block.len() as u64;
            // Nobody may want it any more.
            let _ = self.spares.send(block);
            if end - synced_to < (end / 2).clamp(SYNC_BYTES_MIN, SYNC_BYTES_MAX) {
                continue;
            }
            match due.try_send(()) {
                Ok(()) => synced_to = end,
                Err(TrySendError::Full(())) => {}
                // A sync has failed: its thread says how.
                Err(TrySendError::Disconnected(())) => break,
            }
        }
        Ok(())
    }
}

/// Syncs the file whenever that is asked for, until nobody can ask any more.
fn sync_ahead(asked: &Receiver<()>, file: &Arc<dyn VfsFile>, path: &Path) -> Result<(), LogError> {
    asked.iter().try_for_each(|()| file.sync_data().map_err(io_error("syncing", path, 0)))
}
