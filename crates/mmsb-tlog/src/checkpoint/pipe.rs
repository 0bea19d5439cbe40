//! The thread that writes blocks while the next ones are made.
//!
//! Invariant: at most [`BUFFER_COUNT`] blocks are in memory; blocks are written in the order in which they were
//! given; after an error nothing more is written.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread::{self, JoinHandle},
};

use crate::{LogError, dir::io_error, vfs::VfsFile};

/// One being filled, one being written, one between.
const BUFFER_COUNT: usize = 3;

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
        let thread = thread::Builder::new().name("mmsb-checkpoint".into()).spawn(move || drain.run());
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
        for (offset, block) in self.blocks {
            self.file.write_at(offset, &block).map_err(io_error("writing", &self.path, offset))?;
            // Nobody may want it any more.
            let _ = self.spares.send(block);
        }
        Ok(())
    }
}
