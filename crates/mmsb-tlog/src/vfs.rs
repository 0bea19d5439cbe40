//! The one door to the disk: everything the log reads, writes, renames, syncs or locks passes through a
//! [`Vfs`].
//!
//! Four disks stand behind it. [`OsVfs`] is the real one. [`MemoryVfs`] keeps files in memory; its clones
//! are the same disk, so a log can be opened again in the same process. [`NullVfs`] drops every byte and only
//! counts. [`FaultyVfs`] simulates power cuts, failing calls and bad sectors.
//!
//! Invariant: no disk buffers in user space. What `write_at` accepted, every handle of that file reads back,
//! and only a sync (of the file, and of its directory for a new name) makes it survive a power cut.
//! Invariant: all disks agree on results and error kinds; one set of laws in the tests holds for all of them,
//! as far as a disk that keeps nothing can hold it.
//! Invariant: errors are plain `io::Error`; the caller knows the operation, file and offset and names them.

pub mod faulty;
mod memory;
mod null;
#[expect(clippy::disallowed_methods, reason = "this is the door to the machine's files")]
mod os;

use std::fmt::Debug;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::faulty::FaultyVfs;
pub use self::memory::MemoryVfs;
pub use self::null::NullVfs;
pub use self::os::OsVfs;

/// Name of the file by which [`Vfs::lock`] guards a directory.
pub const LOCK_NAME: &str = "LOCK";

/// What a handle may do with its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only; a write or truncation fails with `PermissionDenied`.
    ReadOnly,
    /// Reads, writes and truncates.
    ReadWrite,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Anything else, symbolic links included: never opened.
    Other,
}

/// What a disk tells about a name without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What the name stands for.
    pub kind: Kind,
    /// The file's length in bytes; 0 for anything but a file.
    pub bytes: u64,
}

/// A disk: names, directories and the way to files.
///
/// The last component of a file's path is never followed if it is a symbolic link; the directory may be
/// reached through one. Names become durable by [`sync_dir`](Vfs::sync_dir) alone.
///
/// # Errors
/// Every method fails with `NotFound` if a path or its directory is missing, with `NotADirectory` if
/// something else stands where a directory must be, and with whatever the operating system reports.
pub trait Vfs: Send + Sync + Debug + 'static {
    /// Opens the file at `path`, which must exist.
    ///
    /// # Errors
    /// `IsADirectory` for a directory; `InvalidInput` for a symbolic link or a special file.
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>>;

    /// Creates an empty file, readable and writable by its owner alone (0600), and opens it for both.
    ///
    /// # Errors
    /// `AlreadyExists` if the name is taken by anything, a dangling symbolic link included.
    fn create_new(&self, path: &Path) -> Result<Arc<dyn VfsFile>>;

    /// Creates a directory for its owner alone (0700); its parent must exist.
    ///
    /// # Errors
    /// `AlreadyExists` if the name is taken.
    fn create_dir(&self, path: &Path) -> Result<()>;

    /// Gives `source` the name `target` in one atomic step. A file replaces a file, a directory an empty one.
    ///
    /// Open handles and held locks go with what was renamed; a replaced file lives on in its open handles.
    ///
    /// # Errors
    /// `DirectoryNotEmpty`, `IsADirectory` or `NotADirectory` if `target` cannot be replaced by `source`;
    /// `InvalidInput` if `target` lies within `source`.
    fn rename(&self, source: &Path, target: &Path) -> Result<()>;

    /// Removes a file's name; its bytes live on in open handles.
    ///
    /// # Errors
    /// `IsADirectory` for a directory (some systems say `PermissionDenied`).
    fn remove(&self, path: &Path) -> Result<()>;

    /// Removes a file's name as [`Vfs::remove`] does, for who has better to do than to wait until its bytes are gone.
    ///
    /// # Errors
    /// As [`Vfs::remove`].
    fn remove_aside(&self, path: &Path) -> Result<()> {
        self.remove(path)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `DirectoryNotEmpty` if anything is in it.
    fn remove_dir(&self, path: &Path) -> Result<()>;

    /// Returns the names in a directory, sorted, without `.` and `..`.
    ///
    /// A name that is not UTF-8 comes back with replacement characters: it is told, but cannot be opened.
    fn list(&self, dir: &Path) -> Result<Vec<String>>;

    /// Makes the names in a directory durable: those created, renamed and removed before the call.
    fn sync_dir(&self, dir: &Path) -> Result<()>;

    /// Tells what stands at `path`; a symbolic link is not followed.
    fn metadata(&self, path: &Path) -> Result<Metadata>;

    /// Locks a directory against every other holder, in this process and in others, until the value is
    /// dropped.
    ///
    /// The lock is the file [`LOCK_NAME`] in the directory, created if need be and left there. It binds those
    /// who ask for it and nobody else; it stays with the directory when that is renamed.
    ///
    /// # Errors
    /// `WouldBlock`, with a text that says who, if the directory is locked; never waits.
    fn lock(&self, dir: &Path) -> Result<Box<dyn VfsLock>>;

    /// Returns a path that means the same wherever the process goes; one that cannot be told comes back as it is.
    fn absolute(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }

    /// Tells whether anything stands at `path`, be it a dangling symbolic link.
    fn exists(&self, path: &Path) -> Result<bool> {
        match self.metadata(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// One open file. Handles are shared freely: no method moves a position.
///
/// Two calls that touch the same bytes at the same time, one of them writing, may interleave; the log never
/// makes them.
///
/// # Errors
/// Every range must end below 2^63, else `InvalidInput`. Writing through a read-only handle is
/// `PermissionDenied`.
pub trait VfsFile: Send + Sync + Debug {
    /// Fills `buffer` from `offset` and returns how many bytes it got: fewer than asked only at the file's
    /// end.
    ///
    /// # Errors
    /// `Unsupported` if the range begins in bytes the disk no longer has
    /// ([`discard_before`](Self::discard_before)) or never kept ([`NullVfs`]).
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize>;

    /// Writes all of `bytes` at `offset`. A gap between the old end and `offset` reads as zeros.
    ///
    /// # Errors
    /// After an error any part of the range may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()>;

    /// Sets the length in bytes: cuts what is beyond, or grows the file by zeros.
    fn truncate(&self, len: u64) -> Result<()>;

    /// Makes the bytes, and a length needed to read them, survive a power cut.
    ///
    /// # Errors
    /// After an error the unsynced bytes may be lost though a later sync succeeds: never retry.
    fn sync_data(&self) -> Result<()>;

    /// Like [`sync_data`](Self::sync_data), and everything else the system knows about the file too.
    fn sync_all(&self) -> Result<()>;

    /// Returns the length in bytes.
    fn len(&self) -> Result<u64>;

    /// Tells whether the length is zero.
    fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Promises that bytes before `offset` will not be read again, through any handle.
    ///
    /// A hint: memory gives them back and refuses to read them from then on, the other disks do nothing. The
    /// length stays. An offset past the end means the end.
    fn discard_before(&self, offset: u64);

    /// Says that what is written and read from now on, through this handle, is not needed again soon: the system need
    /// not keep it in memory. A hint, which a disk may ignore.
    fn spare_cache(&self) {}
}

/// A held directory lock: dropping it lets go.
pub trait VfsLock: Send + Sync + Debug {}

/// Checks that a range ends below 2^63, where file offsets end, and returns its end.
fn range_end(offset: u64, bytes: usize) -> Result<u64> {
    let end = offset.checked_add(bytes as u64).filter(|end| i64::try_from(*end).is_ok());
    end.ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidInput,
            format!("{bytes} bytes at {offset} end beyond the largest offset"),
        )
    })
}

/// Refuses a write through a read-only handle.
fn require_write(access: Access) -> Result<()> {
    match access {
        Access::ReadWrite => Ok(()),
        Access::ReadOnly => Err(Error::new(ErrorKind::PermissionDenied, "the file is open for reading only")),
    }
}

/// The answer to a read of bytes that the disk does not have.
fn not_kept(why: &str) -> Error {
    Error::new(ErrorKind::Unsupported, why)
}

/// The answer to a lock that is already held; `holder` says by whom.
fn lock_held(dir: &Path, holder: &str) -> Error {
    Error::new(ErrorKind::WouldBlock, format!("{} is locked by {holder}", dir.display()))
}
