//! Reading a checkpoint: head, footer, index and metadata at once, blocks as they are wanted.
//!
//! Invariant: no length that the file tells is used before it was compared with what the file has; at any time
//! memory holds the metadata, the index and one block, all of them no longer than the file.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb_types::{Epoch, PageId, crc32c, env};

use super::{
    Block, CHECKPOINT_VERSION,
    block::{BLOCK_BYTES_MAX, Place},
    footer::{FOOTER_BYTES, Footer},
    head::{HEAD_BYTES, Head},
    index::{self, Entry},
};
use crate::{
    CheckpointRef, Fault, InstanceId, LogDir, LogError,
    dir::io_error,
    segment::HeadFault,
    vfs::{Access, Vfs, VfsFile},
};

/// A checkpoint whose head, index and metadata were found to be those that the manifest tells of.
#[derive(Debug)]
pub struct CheckpointReader {
    file: Source,
    head: Head,
    footer: Footer,
    index: Vec<Entry>,
    meta: Vec<u8>,
    /// The block that comes next.
    next: usize,
}

/// The file, and what went wrong where in it.
#[derive(Debug)]
pub(super) struct Source {
    file: Arc<dyn VfsFile>,
    path: PathBuf,
}

impl CheckpointReader {
    /// Opens the checkpoint that the manifest of `dir` tells of.
    ///
    /// # Errors
    /// [`LogError::DamagedCheckpoint`], with [`Fault::Missing`] if the file is not there;
    /// [`LogError::UnsupportedVersion`]; [`LogError::Io`].
    ///
    /// # Cost
    /// Reads index and metadata, not the blocks.
    pub fn open(dir: &LogDir, listed: &CheckpointRef) -> Result<Self, LogError> {
        Self::open_in(dir.vfs().as_ref(), dir.path(), dir.instance(), listed)
    }

    /// As [`CheckpointReader::open`], in a directory that need not be a bus yet.
    ///
    /// # Errors
    /// As [`CheckpointReader::open`].
    pub fn open_in(
        vfs: &dyn Vfs,
        dir: &Path,
        instance: InstanceId,
        listed: &CheckpointRef,
    ) -> Result<Self, LogError> {
        let file = Source::open(vfs, dir.join(CheckpointRef::name_of(listed.cursor.number)))?;
        let have = file.len()?;
        if have != listed.bytes || have < (HEAD_BYTES + FOOTER_BYTES) as u64 {
            return Err(file.damaged(have, Fault::CutShort { need: listed.bytes, have }));
        }
        let (head_bytes, head) = file.head()?;
        if head != (Head { instance, cursor: listed.cursor, parent: listed.parent }) {
            return Err(file.damaged(0, Fault::Layout("the checkpoint's head disagrees with the manifest")));
        }
        let footer = file.footer(have)?;
        let index_bytes = file.read_new(footer.index_at(), footer.index_bytes())?;
        file.compare(footer.index_at(), footer.index_checksum, crc32c(&index_bytes))?;
        if footer.hash != listed.hash || !footer.is_sealed(&head_bytes, &index_bytes) {
            return Err(file.damaged(have - FOOTER_BYTES as u64, Fault::Hash));
        }
        let index = index::parse(&index_bytes, &footer)
            .map_err(|(at, fault)| file.damaged(footer.index_at() + at, fault))?;
        let meta = file.meta(&footer)?;
        Ok(Self { file, head, footer, index, meta, next: 0 })
    }

    /// Returns the metadata.
    #[must_use]
    pub fn meta(&self) -> &[u8] {
        &self.meta
    }

    /// Returns how many pages all blocks hold.
    #[must_use]
    pub fn page_count(&self) -> u64 {
        self.footer.page_count
    }

    /// Returns how many bytes all pages have in memory; a small file may have many.
    #[must_use]
    pub fn page_bytes(&self) -> u64 {
        self.footer.page_bytes
    }

    /// Returns how many blocks there are.
    #[must_use]
    pub fn block_count(&self) -> usize {
        self.index.len()
    }

    /// Returns the next block, or `None` behind the last. Checked against its checksum, its place, and what the
    /// index says of it.
    ///
    /// # Errors
    /// [`LogError::DamagedCheckpoint`] for this block; the next call goes on behind it. [`LogError::Io`].
    pub fn next_block(&mut self) -> Result<Option<Block>, LogError> {
        self.next_block_into(Vec::new())
    }

    /// As [`CheckpointReader::next_block`], into memory of a block that is no longer needed.
    ///
    /// # Errors
    /// As [`CheckpointReader::next_block`].
    pub fn next_block_into(&mut self, buffer: Vec<u8>) -> Result<Option<Block>, LogError> {
        if self.next == self.index.len() {
            return Ok(None);
        }
        self.next += 1;
        self.read_block(self.next - 1, buffer).map(Some)
    }

    /// Reads a block by its number, from 0, into `buffer`; threads may do so side by side.
    ///
    /// # Errors
    /// As [`CheckpointReader::next_block`].
    ///
    /// # Panics
    /// If there is no such block.
    ///
    /// # Cost
    /// A read and a checksum of about a megabyte, and a few nanoseconds a page.
    pub fn read_block(&self, number: usize, buffer: Vec<u8>) -> Result<Block, LogError> {
        let (entry, bytes) = (&self.index[number], self.load(number, buffer)?);
        let next_page = self.index.get(number + 1).map_or(u64::MAX, |next| next.first_page);
        let place = Place { head: &self.head, number: number as u32, entry, next_page };
        Block::parse(bytes, place).map_err(|(at, fault)| self.file.damaged(entry.offset + at as u64, fault))
    }

    /// Returns a page's bytes and the epoch that changed it last; `None` if it is not in this checkpoint.
    ///
    /// # Errors
    /// As [`CheckpointReader::next_block`].
    ///
    /// # Cost
    /// As [`CheckpointReader::read_block`].
    pub fn find(&self, page: PageId) -> Result<Option<(Epoch, Vec<u8>)>, LogError> {
        let behind = self.index.partition_point(|entry| entry.first_page <= page.get());
        let Some(number) = behind.checked_sub(1) else { return Ok(None) };
        let block = self.read_block(number, Vec::new())?;
        let Some(stored) = block.page(page) else { return Ok(None) };
        let (mut bytes, at) = (Vec::new(), self.index[number].offset);
        env::resize(&mut bytes, stored.page_bytes as usize).map_err(io_error(
            "reading",
            &self.file.path,
            at,
        ))?;
        stored.write_into(&mut bytes);
        Ok(Some((stored.epoch, bytes)))
    }

    /// Checks a block's hash, too; returns the memory it was read into.
    pub(super) fn verify_block(&self, number: usize, buffer: Vec<u8>) -> Result<Vec<u8>, LogError> {
        let bytes = self.read_block(number, buffer)?.into_buffer();
        let entry = &self.index[number];
        if *blake3::hash(&bytes).as_bytes() != entry.hash {
            return Err(self.file.damaged(entry.offset, Fault::Hash));
        }
        Ok(bytes)
    }

    /// Reads a block's bytes; that its length is at least its head's and its rows', the index was checked for.
    fn load(&self, number: usize, mut buffer: Vec<u8>) -> Result<Vec<u8>, LogError> {
        let offset = self.index[number].offset;
        let end = self.index.get(number + 1).map_or(self.footer.meta_at, |next| next.offset);
        let bytes = end - offset;
        if bytes > BLOCK_BYTES_MAX as u64 {
            return Err(self.file.damaged(offset, Fault::Length { found: bytes }));
        }
        self.file.read_into(offset, bytes as usize, &mut buffer)?;
        Ok(buffer)
    }
}

impl Source {
    fn open(vfs: &dyn Vfs, path: PathBuf) -> Result<Self, LogError> {
        match vfs.open(&path, Access::ReadOnly) {
            Ok(file) => Ok(Self { file, path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(LogError::DamagedCheckpoint { file: path, offset: 0, fault: Fault::Missing })
            }
            Err(error) => Err(io_error("opening", &path, 0)(error)),
        }
    }

    fn len(&self) -> Result<u64, LogError> {
        self.file.len().map_err(io_error("reading", &self.path, 0))
    }

    fn head(&self) -> Result<([u8; HEAD_BYTES], Head), LogError> {
        let bytes: [u8; HEAD_BYTES] = self.read_array(0)?;
        match Head::parse(&bytes) {
            Ok(head) => Ok((bytes, head)),
            Err(HeadFault::Damaged(fault)) => Err(self.damaged(0, fault)),
            Err(HeadFault::Version(found)) => Err(LogError::UnsupportedVersion {
                file: self.path.clone(),
                found,
                supported: CHECKPOINT_VERSION,
            }),
        }
    }

    fn footer(&self, file_bytes: u64) -> Result<Footer, LogError> {
        let at = file_bytes - FOOTER_BYTES as u64;
        let bytes = self.read_array(at)?;
        Footer::parse(&bytes, file_bytes).map_err(|fault| self.damaged(at, fault))
    }

    fn meta(&self, footer: &Footer) -> Result<Vec<u8>, LogError> {
        let mut meta = self.read_new(footer.meta_at, footer.meta_padded())?;
        self.compare(footer.meta_at, footer.meta_checksum, crc32c(&meta))?;
        if *blake3::hash(&meta).as_bytes() != footer.meta_hash {
            return Err(self.damaged(footer.meta_at, Fault::Hash));
        }
        let padding = meta.split_off(footer.meta_bytes as usize);
        if padding.iter().any(|&byte| byte != 0) {
            return Err(self.damaged(footer.meta_at, Fault::Layout("padding is not zero")));
        }
        Ok(meta)
    }

    fn read_array<const BYTES: usize>(&self, offset: u64) -> Result<[u8; BYTES], LogError> {
        let mut bytes = [0; BYTES];
        self.fill(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads bytes whose length was compared with the file's.
    fn read_new(&self, offset: u64, bytes: u64) -> Result<Vec<u8>, LogError> {
        let mut buffer = Vec::new();
        self.read_into(offset, bytes as usize, &mut buffer)?;
        Ok(buffer)
    }

    fn read_into(&self, offset: u64, bytes: usize, buffer: &mut Vec<u8>) -> Result<(), LogError> {
        env::resize(buffer, bytes).map_err(io_error("reading", &self.path, offset))?;
        self.fill(offset, buffer)
    }

    fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<(), LogError> {
        let got = self.file.read_at(offset, buffer).map_err(io_error("reading", &self.path, offset))?;
        if got < buffer.len() {
            let (need, have) = (buffer.len() as u64, got as u64);
            return Err(self.damaged(offset, Fault::CutShort { need, have }));
        }
        Ok(())
    }

    fn compare(&self, offset: u64, stored: u32, computed: u32) -> Result<(), LogError> {
        if stored == computed {
            return Ok(());
        }
        Err(self.damaged(offset, Fault::BodyChecksum { stored, computed }))
    }

    fn damaged(&self, offset: u64, fault: Fault) -> LogError {
        LogError::DamagedCheckpoint { file: self.path.clone(), offset, fault }
    }
}
