//! Prewriting: a thread fills the next segment with zeros while this one is written to.
//!
//! To sync a file that does not grow, and whose blocks are on the disk already, takes the disk a fraction of the
//! time. The thread lives as long as one segment takes it, and syncs as it goes, so that whoever waits for it
//! waits for little. A log without threads fills it itself, so that every step can be made to fail in a test.
//!
//! Invariant: what it makes has a temporary name, and nobody depends on it. Whatever it fails at costs speed: the
//! log is told by the segment's own making if the disk is full or broken.

use std::{io, path::PathBuf, process, sync::Arc};

use mmsb_types::env;

use super::rotate::create_anew;
use crate::{
    LogDir, SegmentHead,
    sync::outer::{
        atomic::{AtomicBool, Ordering},
        thread::JoinHandle,
    },
    vfs::VfsFile,
};

const CHUNK_BYTES: usize = 256 << 10;
/// Zeros written between two syncs.
const SYNC_BYTES: u64 = 4 << 20;

/// Who prepares segments.
#[derive(Debug)]
pub(super) struct Prewriter {
    dir: LogDir,
    segment_bytes: u64,
    has_thread: bool,
    is_wanted: Arc<AtomicBool>,
    process_id: u32,
    /// At most one segment is under way, or ready.
    next: Option<Next>,
}

#[derive(Debug)]
struct Next {
    path: PathBuf,
    made: Made,
}

/// A file that is being filled, or was.
#[derive(Debug)]
enum Made {
    There(JoinHandle<io::Result<Arc<dyn VfsFile>>>),
    Here(io::Result<Arc<dyn VfsFile>>),
}

impl Prewriter {
    pub(super) fn new(dir: LogDir, segment_bytes: u64, has_thread: bool) -> Self {
        let (is_wanted, process_id) = (Arc::default(), process::id());
        Self { dir, segment_bytes, has_thread, is_wanted, process_id, next: None }
    }

    /// Begins with the segment of this number, unless that has been done.
    pub(super) fn start(&mut self, segment: u64) {
        if self.next.is_some() {
            return;
        }
        let path = self.dir.temporary_path(&SegmentHead::name_of(segment));
        let (vfs, bytes, theirs) = (Arc::clone(self.dir.vfs()), self.segment_bytes, path.clone());
        self.is_wanted.store(true, Ordering::Relaxed);
        let is_wanted = Arc::clone(&self.is_wanted);
        let make = move || {
            let file = create_anew(vfs.as_ref(), &theirs)?;
            fill(file.as_ref(), bytes, &is_wanted)?;
            Ok(file)
        };
        // Where no thread starts, the segment is made when it is needed.
        let made = match self.has_thread {
            true => env::spawn("mmsb-prewriter", make).ok().map(Made::There),
            false => Some(Made::Here(make())),
        };
        self.next = made.map(|made| Next { path, made });
    }

    /// Returns the file as far as it is prepared, synced, under its temporary name; `None` if there is none.
    pub(super) fn take(&mut self) -> Option<Arc<dyn VfsFile>> {
        let Next { path, made } = self.next.take()?;
        self.is_wanted.store(false, Ordering::Relaxed);
        let made = match made {
            // A user's file system may panic: that is a failure like any other.
            Made::There(join) => join.join().ok().and_then(Result::ok),
            Made::Here(file) => file.ok(),
        };
        if made.is_some() {
            return made;
        }
        // It may hold the space that made it fail.
        let _ = self.dir.vfs().remove(&path);
        None
    }

    /// Ends it; what is prepared is removed.
    pub(super) fn end(&mut self) {
        let path = self.next.as_ref().map(|next| next.path.clone());
        if let Some(path) = path.filter(|_| self.take().is_some()) {
            let _ = self.dir.vfs().remove(&path);
        }
    }
}

impl Drop for Prewriter {
    /// Nobody writes to the directory once the log has let go of it. A child process has no thread to wait for.
    fn drop(&mut self) {
        if process::id() == self.process_id {
            self.end();
        }
    }
}

/// Writes zeros up to `bytes`, or until they are no longer wanted.
fn fill(file: &dyn VfsFile, bytes: u64, is_wanted: &AtomicBool) -> io::Result<()> {
    let (zeros, mut done, mut synced) = (vec![0; CHUNK_BYTES.min(bytes as usize)], 0, 0);
    while done < bytes && is_wanted.load(Ordering::Relaxed) {
        let some = zeros.len().min((bytes - done) as usize);
        file.write_at(done, &zeros[..some])?;
        done += some as u64;
        if done - synced >= SYNC_BYTES {
            file.sync_data()?;
            synced = done;
        }
    }
    file.sync_all()
}
