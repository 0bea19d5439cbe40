//! Writing a checkpoint: pages in, a whole file out, or none.
//!
//! Invariant: until everything is synced, and was read back from the synced file and found right, the file has
//! a temporary name that no reader looks at; a writer that is dropped before removes it.
//!
//! Reading back shows that what was encoded is what the system holds for the file once it says it is durable:
//! writes that went astray, were cut short, or were given up by a sync that failed before. It does not show
//! the medium itself, for the system may answer from memory.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_types::{Epoch, PageId, crc32c, crc32c_append};

use super::{
    BLOCK_BYTES, META_BYTES_MAX,
    build::Builder,
    footer::Footer,
    head::{HEAD_BYTES, Head},
    index::Entry,
    padding,
    pipe::Pipe,
    read_back::Written,
};
use crate::{
    CheckpointRef, Cursor, InstanceId, LogDir, LogError,
    dir::{io_error, temporary_name},
    vfs::{Vfs, VfsFile},
};

/// A checkpoint being written.
#[derive(Debug)]
#[must_use = "a checkpoint that is not finished is thrown away"]
pub struct CheckpointWriter {
    head: Head,
    builder: Builder,
    block_bytes: usize,
    index: Vec<Entry>,
    /// Where the next block goes.
    end: u64,
    page_count: u64,
    page_bytes: u64,
    file: NewFile,
    /// Started with the first block; gone after an error.
    pipe: Option<Pipe>,
    has_failed: bool,
}

/// A file under its temporary name. Dropped, it is removed.
#[derive(Debug)]
struct NewFile {
    vfs: Arc<dyn Vfs>,
    dir: PathBuf,
    temporary: PathBuf,
    path: PathBuf,
    file: Arc<dyn VfsFile>,
    is_done: bool,
}

impl CheckpointWriter {
    /// Begins a checkpoint of the state at `cursor`, which is just behind the state's frame, on the bus in `dir`:
    /// a full one, or one that builds on that of the epoch `parent`.
    ///
    /// # Errors
    /// [`LogError::AlreadyExists`] if there is a checkpoint of that epoch; [`LogError::Io`].
    ///
    /// # Panics
    /// If the parent is not of an earlier epoch.
    pub fn create(dir: &LogDir, cursor: Cursor, parent: Option<u64>) -> Result<Self, LogError> {
        Self::create_in(Arc::clone(dir.vfs()), dir.path(), dir.instance(), cursor, parent)
    }

    /// As [`CheckpointWriter::create`], in a directory that need not be a bus yet.
    ///
    /// # Errors
    /// As [`CheckpointWriter::create`].
    ///
    /// # Panics
    /// As [`CheckpointWriter::create`].
    pub fn create_in(
        vfs: Arc<dyn Vfs>,
        dir: &Path,
        instance: InstanceId,
        cursor: Cursor,
        parent: Option<u64>,
    ) -> Result<Self, LogError> {
        let epoch = cursor.number;
        assert!(parent.is_none_or(|parent| parent < epoch), "e{epoch} cannot build on {parent:?}");
        let file = NewFile::create(vfs, dir, &CheckpointRef::name_of(epoch))?;
        let head = Head { instance, cursor, parent };
        file.write(0, &head.encode())?;
        Ok(Self {
            head,
            builder: Builder::new(),
            block_bytes: BLOCK_BYTES,
            index: Vec::new(),
            end: HEAD_BYTES as u64,
            page_count: 0,
            page_bytes: 0,
            file,
            pipe: None,
            has_failed: false,
        })
    }

    /// Lets blocks end at so many bytes, if that is less than [`BLOCK_BYTES`]: short ones cost more, and a page
    /// is found in less time.
    pub fn set_block_bytes(&mut self, bytes: usize) {
        self.block_bytes = bytes.min(BLOCK_BYTES);
    }

    /// Lets what comes go past the system's cache, where there is such a way: for a checkpoint beside others who need
    /// memory and processors more than somebody may need the file soon. Writing may take longer.
    pub fn spare_cache(&self) {
        self.file.file.spare_cache();
    }

    /// Adds a page, last changed by `epoch`.
    ///
    /// # Errors
    /// [`LogError::Io`], perhaps of a page before; the checkpoint is then lost.
    ///
    /// # Panics
    /// If ids do not rise or are out of range, the length is not that of a page, or the epoch is later than the
    /// checkpoint.
    ///
    /// # Cost
    /// A copy, a look at each line, and a share of checksum and hash: about a third of a nanosecond a byte.
    #[inline]
    pub fn page(&mut self, page: PageId, epoch: Epoch, bytes: &[u8]) -> Result<(), LogError> {
        let page_bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.page_with(page, page_bytes, |to| {
            to.copy_from_slice(bytes);
            Ok(epoch)
        })
    }

    /// Adds a page of `page_bytes`; `fill` writes all of it, saves a copy that way, and tells the epoch that
    /// changed it last. If `fill` fails, nothing is added.
    ///
    /// # Errors
    /// As [`CheckpointWriter::page`], and what `fill` says.
    ///
    /// # Panics
    /// As [`CheckpointWriter::page`].
    #[inline]
    pub fn page_with<E: From<LogError>>(
        &mut self,
        page: PageId,
        page_bytes: u32,
        fill: impl FnOnce(&mut [u8]) -> Result<Epoch, E>,
    ) -> Result<(), E> {
        let newest = self.head.cursor.number;
        self.builder.add(page.get(), page_bytes, |to| -> Result<u64, E> {
            let epoch = fill(to)?.get();
            assert!(epoch <= newest, "{page} of e{epoch} in a checkpoint of e{newest}");
            Ok(epoch)
        })?;
        self.page_count += 1;
        self.page_bytes += u64::from(page_bytes);
        if self.builder.is_full(self.block_bytes) {
            self.end_block()?;
        }
        Ok(())
    }

    /// Ends the file with `meta`, syncs it, reads it back, and gives it its name. It counts once the manifest
    /// lists what is returned; that is the caller's to do, once the log is durable up to its epoch.
    ///
    /// # Errors
    /// [`LogError::Io`]; [`LogError::DamagedCheckpoint`] if what was read back is not what was written;
    /// [`LogError::RecordTooLarge`] for more metadata than [`META_BYTES_MAX`]. Nothing is left then.
    pub fn finish(mut self, meta: &[u8]) -> Result<CheckpointRef, LogError> {
        let (bytes, limit) = (meta.len() as u64, META_BYTES_MAX as u64);
        if bytes > limit {
            return Err(LogError::RecordTooLarge { bytes, limit });
        }
        if !self.builder.is_empty() {
            self.end_block()?;
        }
        if self.has_failed {
            return Err(self.failed());
        }
        self.pipe.take().map_or(Ok(()), Pipe::finish)?;
        let (footer, tail) = self.tail(meta);
        self.file.write(self.end, meta)?;
        self.file.write(footer.meta_at + footer.meta_bytes, &tail)?;
        self.file.sync()?;
        let bytes = footer.file_bytes();
        let written = Written {
            file: &self.file.file,
            path: &self.file.path,
            head: &self.head.encode(),
            index: &self.index,
            meta_at: footer.meta_at,
            tail_checksum: crc32c_append(crc32c(meta), &tail),
            bytes,
        };
        written.check()?;
        self.file.publish()?;
        Ok(CheckpointRef { cursor: self.head.cursor, parent: self.head.parent, bytes, hash: footer.hash })
    }

    /// Returns the footer, and all that follows the metadata: zeros up to a multiple of eight, index, footer.
    fn tail(&self, meta: &[u8]) -> (Footer, Vec<u8>) {
        let mut tail = vec![0; padding(meta.len())];
        let meta_hash = *blake3::Hasher::new().update(meta).update(&tail).finalize().as_bytes();
        let meta_checksum = crc32c_append(crc32c(meta), &tail);
        let index_at = tail.len();
        self.index.iter().for_each(|entry| entry.encode(&mut tail));
        let mut footer = Footer {
            page_count: self.page_count,
            page_bytes: self.page_bytes,
            meta_at: self.end,
            meta_bytes: meta.len() as u64,
            block_count: self.index.len() as u32,
            meta_checksum,
            index_checksum: crc32c(&tail[index_at..]),
            meta_hash,
            hash: [0; 32],
        };
        footer.seal(&self.head.encode(), &tail[index_at..]);
        tail.extend(footer.encode());
        (footer, tail)
    }

    /// Sends the block on its way and begins another.
    #[cold]
    fn end_block(&mut self) -> Result<(), LogError> {
        if self.has_failed {
            return Err(self.failed());
        }
        let mut pipe = match self.pipe.take() {
            Some(pipe) => pipe,
            None => Pipe::start(&self.file.file, &self.file.path)?,
        };
        let (number, offset) = (self.index.len() as u32, self.end);
        let (block, entry) = self.builder.seal(&self.head, number, offset, pipe.spare());
        self.index.push(entry);
        self.end += block.len() as u64;
        if pipe.send(offset, block) {
            self.pipe = Some(pipe);
            return Ok(());
        }
        self.has_failed = true;
        pipe.finish()
    }

    fn failed(&self) -> LogError {
        LogError::Poisoned { cause: format!("an earlier write to {} failed", self.file.path.display()) }
    }
}

impl Drop for CheckpointWriter {
    fn drop(&mut self) {
        // The thread must not write to a file that is being removed; what it says does not matter any more.
        let _ = self.pipe.take().map(Pipe::finish);
    }
}

impl NewFile {
    fn create(vfs: Arc<dyn Vfs>, dir: &Path, name: &str) -> Result<Self, LogError> {
        let (path, temporary) = (dir.join(name), dir.join(temporary_name(name)));
        if vfs.exists(&path).map_err(io_error("looking for", &path, 0))? {
            return Err(LogError::AlreadyExists { dir: path });
        }
        let failed = io_error("creating", &temporary, 0);
        let file = match vfs.create_new(&temporary) {
            // What an earlier attempt could not remove.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                vfs.remove(&temporary).map_err(failed)?;
                vfs.create_new(&temporary).map_err(failed)?
            }
            other => other.map_err(failed)?,
        };
        Ok(Self { vfs, dir: dir.to_owned(), temporary, path, file, is_done: false })
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), LogError> {
        self.file.write_at(offset, bytes).map_err(io_error("writing", &self.path, offset))
    }

    fn sync(&self) -> Result<(), LogError> {
        self.file.sync_all().map_err(io_error("syncing", &self.path, 0))
    }

    /// Gives the file its name, durably; if that cannot be, it has none.
    fn publish(&mut self) -> Result<(), LogError> {
        let renamed = self.vfs.rename(&self.temporary, &self.path);
        renamed.map_err(io_error("renaming to", &self.path, 0))?;
        self.is_done = true;
        let synced = self.vfs.sync_dir(&self.dir).map_err(io_error("syncing", &self.dir, 0));
        if synced.is_err() {
            // Best effort: the error is what the caller is told, and no manifest lists the file.
            let _ = self.vfs.remove(&self.path);
        }
        synced
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_done {
            // Best effort: opening the bus for writing removes what is left.
            let _ = self.vfs.remove(&self.temporary);
        }
    }
}
