//! Reading a checkpoint back before it gets its name.

use std::{ops::Range, path::Path, sync::Arc};

use mmsb_types::{crc32c, crc32c_append, env};

use super::{block, index::Entry};
use crate::{Fault, LogError, dir::io_error, sync::outer::thread, vfs::VfsFile};

/// What is read at once: a cache holds it, and a bus's memory has room for it; a disk is not asked too often.
const PIECE_BYTES: usize = 512 << 10;
/// Fewer blocks are read by one thread.
const SHARED_FROM_BLOCKS: usize = 16;

/// What a file was written to be.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) file: &'a Arc<dyn VfsFile>,
    pub(super) path: &'a Path,
    /// Its first bytes.
    pub(super) head: &'a [u8],
    pub(super) index: &'a [Entry],
    /// Where its blocks end.
    pub(super) meta_at: u64,
    /// CRC of everything from there on.
    pub(super) tail_checksum: u32,
    /// Its length.
    pub(super) bytes: u64,
}

impl Written<'_> {
    /// Compares the file with what was to be written, by checksums.
    ///
    /// # Errors
    /// [`LogError::DamagedCheckpoint`], [`LogError::Io`].
    ///
    /// # Cost
    /// Half the time of reading the file once, where two processors are free.
    pub(super) fn check(&self) -> Result<(), LogError> {
        let have = self.file.len().map_err(io_error("reading back", self.path, 0))?;
        if have != self.bytes {
            return Err(self.damaged(have, Fault::CutShort { need: self.bytes, have }));
        }
        self.check_range(0, self.head.len() as u64, crc32c(self.head))?;
        let ends = self.index.iter().skip(1).map(|entry| entry.offset).chain([self.meta_at]);
        let blocks: Vec<(&Entry, u64)> = self.index.iter().zip(ends).collect();
        let (one, two) = match blocks.len() {
            ..SHARED_FROM_BLOCKS => (&blocks[..], &[][..]),
            count => blocks.split_at(count / 2),
        };
        thread::scope(|scope| {
            let start = || env::spawn_scoped(scope, "mmsb-read-back", || self.check_blocks(two));
            let other = (!two.is_empty()).then(start).transpose();
            let other = other.map_err(|source| LogError::Spawn { source })?;
            self.check_blocks(one)?;
            let result = other.map_or(Ok(Ok(())), thread::ScopedJoinHandle::join);
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        self.check_range(self.meta_at, self.bytes - self.meta_at, self.tail_checksum)
    }

    fn check_blocks(&self, blocks: &[(&Entry, u64)]) -> Result<(), LogError> {
        let mut buffer = vec![0; PIECE_BYTES];
        for &(entry, end) in blocks {
            let computed = self.checksum(entry.offset..end, &mut buffer, block::checksum)?;
            self.compare(entry.offset, entry.checksum, computed)?;
        }
        Ok(())
    }

    fn check_range(&self, offset: u64, bytes: u64, stored: u32) -> Result<(), LogError> {
        let mut buffer = vec![0; bytes.min(PIECE_BYTES as u64) as usize];
        let computed = self.checksum(offset..offset + bytes, &mut buffer, crc32c)?;
        self.compare(offset, stored, computed)
    }

    /// Returns the checksum of a range that is read piece by piece; `first` tells that of the first one.
    fn checksum(
        &self,
        range: Range<u64>,
        buffer: &mut [u8],
        first: fn(&[u8]) -> u32,
    ) -> Result<u32, LogError> {
        let (mut computed, mut at) = (None, range.start);
        while at < range.end {
            let len = (range.end - at).min(buffer.len() as u64);
            let piece = &mut buffer[..len as usize];
            self.read(at, piece)?;
            computed = Some(computed.map_or_else(|| first(piece), |before| crc32c_append(before, piece)));
            at += len;
        }
        Ok(computed.unwrap_or(0))
    }

    fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), LogError> {
        let got = self.file.read_at(offset, buffer).map_err(io_error("reading back", self.path, offset))?;
        if got == buffer.len() {
            return Ok(());
        }
        let (need, have) = (buffer.len() as u64, got as u64);
        Err(self.damaged(offset, Fault::CutShort { need, have }))
    }

    fn compare(&self, offset: u64, stored: u32, computed: u32) -> Result<(), LogError> {
        if stored == computed {
            return Ok(());
        }
        Err(self.damaged(offset, Fault::BodyChecksum { stored, computed }))
    }

    fn damaged(&self, offset: u64, fault: Fault) -> LogError {
        LogError::DamagedCheckpoint { file: self.path.to_owned(), offset, fault }
    }
}
