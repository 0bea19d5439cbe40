//! [`OsVfs`]: the files of the operating system.
//!
//! Invariant: only regular files are opened, and the one opened is the one looked at: no symbolic link in the
//! last place is followed, and a pipe or device put there cannot stall or mislead a reader.
//! Invariant: what is created belongs to its owner alone: files 0600, directories 0700 (less the umask).

mod direct;
mod lock;
mod remove;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use self::direct::Direct;
use super::{Access, Kind, Metadata, Vfs, VfsFile, VfsLock, range_end, require_write};

/// How often a file is looked at again that was replaced while it was being opened.
const OPEN_ATTEMPTS: u32 = 8;

/// The operating system's disk. Stateless: all values are one disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsVfs;

#[derive(Debug)]
struct OsFile {
    file: File,
    access: Access,
    /// The way past the cache, once somebody has asked for it; `None`: there is none.
    direct: OnceLock<Option<Direct>>,
}

impl Vfs for OsVfs {
    fn open(&self, path: &Path, access: Access) -> Result<Arc<dyn VfsFile>> {
        Ok(Arc::new(OsFile::new(open_regular(path, access)?, access)))
    }

    fn create_new(&self, path: &Path) -> Result<Arc<dyn VfsFile>> {
        Ok(Arc::new(OsFile::new(create_regular(path)?, Access::ReadWrite)))
    }

    fn create_dir(&self, path: &Path) -> Result<()> {
        DirBuilder::new().mode(0o700).create(path)
    }

    fn rename(&self, source: &Path, target: &Path) -> Result<()> {
        fs::rename(source, target)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        fs::remove_file(path)
    }

    fn remove_aside(&self, path: &Path) -> Result<()> {
        remove::remove_aside(path)
    }

    fn remove_dir(&self, path: &Path) -> Result<()> {
        fs::remove_dir(path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        require_dir(dir)?;
        File::open(dir)?.sync_all()
    }

    fn metadata(&self, path: &Path) -> Result<Metadata> {
        let found = fs::symlink_metadata(path)?;
        Ok(match found.file_type() {
            kind if kind.is_file() => Metadata { kind: Kind::File, bytes: found.len() },
            kind if kind.is_dir() => Metadata { kind: Kind::Directory, bytes: 0 },
            _ => Metadata { kind: Kind::Other, bytes: 0 },
        })
    }

    fn lock(&self, dir: &Path) -> Result<Box<dyn VfsLock>> {
        Ok(Box::new(lock::OsLock::acquire(dir)?))
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
    }
}

impl OsFile {
    fn new(file: File, access: Access) -> Self {
        Self { file, access, direct: OnceLock::new() }
    }

    fn direct(&self) -> Option<&Direct> {
        self.direct.get().and_then(Option::as_ref)
    }
}

impl VfsFile for OsFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        range_end(offset, buffer.len())?;
        let mut filled = self.direct().map_or(Ok(0), |direct| direct.read(offset, buffer))?;
        // The system may give less than asked anywhere; only zero bytes mean the end.
        while filled < buffer.len() {
            match self.file.read_at(&mut buffer[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<()> {
        require_write(self.access)?;
        range_end(offset, bytes.len())?;
        let past = self.direct().map_or(Ok(0..0), |direct| direct.write(offset, bytes))?;
        self.file.write_all_at(&bytes[..past.start], offset)?;
        self.file.write_all_at(&bytes[past.end..], offset + past.end as u64)
    }

    fn truncate(&self, len: u64) -> Result<()> {
        require_write(self.access)?;
        range_end(len, 0)?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> Result<()> {
        self.file.sync_data()
    }

    fn sync_all(&self) -> Result<()> {
        self.file.sync_all()
    }

    fn len(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn discard_before(&self, _offset: u64) {}

    fn spare_cache(&self) {
        self.direct.get_or_init(|| Direct::open(&self.file).ok());
    }
}

/// Opens a regular file that already exists, following no symbolic link in the last place.
///
/// A writer may rename a new file over the name at any moment, which is no fault: look again, a few times.
fn open_regular(path: &Path, access: Access) -> Result<File> {
    for _ in 0..OPEN_ATTEMPTS {
        if let Some(file) = open_as_seen(path, access)? {
            return Ok(file);
        }
    }
    Err(Error::new(ErrorKind::WouldBlock, format!("{} is replaced again and again", path.display())))
}

/// Opens the file that stands at `path`, or nothing if another took its place meanwhile.
///
/// The name is looked at before it is opened, so that opening a pipe cannot wait for its other end; the file
/// is compared with what was seen after it, so that a link slipped in between leads nowhere.
fn open_as_seen(path: &Path, access: Access) -> Result<Option<File>> {
    let seen = fs::symlink_metadata(path)?;
    require_regular(path, &seen)?;
    let file = OpenOptions::new().read(true).write(access == Access::ReadWrite).open(path)?;
    let opened = file.metadata()?;
    Ok(((opened.dev(), opened.ino()) == (seen.dev(), seen.ino())).then_some(file))
}

/// Creates a file under a free name. Exclusive creation never follows a symbolic link.
fn create_regular(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

fn require_regular(path: &Path, found: &fs::Metadata) -> Result<()> {
    let kind = match found.file_type() {
        kind if kind.is_file() => return Ok(()),
        kind if kind.is_dir() => ErrorKind::IsADirectory,
        _ => ErrorKind::InvalidInput,
    };
    Err(Error::new(kind, format!("{} is no regular file (links are not followed)", path.display())))
}

/// Checks that `dir` is a directory, or a link to one, before anything in it is opened.
fn require_dir(dir: &Path) -> Result<fs::Metadata> {
    let found = fs::metadata(dir)?;
    if found.is_dir() {
        return Ok(found);
    }
    Err(Error::new(ErrorKind::NotADirectory, format!("{} is no directory", dir.display())))
}
