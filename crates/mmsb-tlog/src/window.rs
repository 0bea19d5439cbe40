//! A window over a file: large reads behind small looks, never more memory than the file has bytes.
//!
//! Invariant: a [`Chunk`] that somebody else holds is never changed; its memory is used again once nobody does.

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, io, sync::Arc};

use crate::{
    sync::{Fault, is_planted},
    vfs::VfsFile,
};

const READ_BYTES: usize = 1 << 20;
/// Most chunks of others that are remembered, to use their memory again.
const LENT_MAX: usize = 32;

/// Bytes of a file around the place being looked at.
#[derive(Debug)]
pub(crate) struct Window {
    /// None of an empty window, which nobody looks through.
    file: Option<Arc<dyn VfsFile>>,
    chunk: Chunk,
    /// Memory that others still held when it was needed here, the oldest first.
    lent: VecDeque<Arc<Vec<u8>>>,
    /// Bytes past this offset are not looked at.
    end: u64,
}

/// Bytes that were read in one go. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chunk {
    pub(crate) bytes: Arc<Vec<u8>>,
    /// File offset of the first one.
    pub(crate) start: u64,
}

/// Tells whether all bytes are zeros, a line at a time: what was written ahead may be a whole segment, and none of it
/// may be passed over, for durable bytes that read as zeros may have marks behind them.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let (lines, rest) = bytes.as_chunks::<64>();
    lines.iter().all(|line| line.iter().fold(0, |all, byte| all | byte) == 0)
        && rest.iter().all(|&byte| byte == 0)
}

impl Window {
    /// Looks at `file` up to byte `end`.
    pub(crate) fn new(file: Arc<dyn VfsFile>, end: u64) -> Self {
        Self { file: Some(file), end, ..Self::none() }
    }

    /// Looks at nothing.
    pub(crate) fn none() -> Self {
        Self { file: None, chunk: Chunk::default(), lent: VecDeque::new(), end: 0 }
    }

    /// Looks at another file, up to byte `end`; its own memory is used again.
    pub(crate) fn go_to(&mut self, file: Arc<dyn VfsFile>, end: u64) {
        self.forget();
        (self.file, self.end) = (Some(file), end);
    }

    /// Looks at the same file up to byte `end`, and at none of the bytes that were read.
    pub(crate) fn look_until(&mut self, end: u64) {
        self.forget();
        self.end = end;
    }

    /// Returns the offset behind the last byte that is looked at.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Returns the file's length, whatever is looked at.
    pub(crate) fn file_bytes(&self) -> io::Result<u64> {
        self.file.as_ref().map_or(Ok(0), |file| file.len())
    }

    /// Returns how many bytes lie between `offset` and the end.
    #[inline]
    pub(crate) fn remaining(&self, offset: u64) -> u64 {
        self.end.saturating_sub(offset)
    }

    /// Returns the bytes that were read last: what the last look returned is among them.
    #[inline]
    pub(crate) fn chunk(&self) -> &Chunk {
        &self.chunk
    }

    /// Returns the bytes from `offset`: `want` of them, or fewer if the end comes first.
    #[inline]
    pub(crate) fn look(&mut self, offset: u64, want: usize) -> io::Result<&[u8]> {
        let most = usize::try_from(self.remaining(offset)).unwrap_or(usize::MAX);
        let want = if is_planted(Fault::SkipLengthCap) { want } else { want.min(most) };
        if want == 0 {
            return Ok(&[]);
        }
        if !self.holds(offset, want) {
            self.fill(offset, want)?;
        }
        let (from, bytes) = ((offset - self.chunk.start) as usize, &self.chunk.bytes);
        Ok(&bytes[from..bytes.len().min(from + want)])
    }

    /// Forgets the bytes that were read: they are read again.
    pub(crate) fn forget(&mut self) {
        let mut bytes = self.memory();
        bytes.clear();
        self.chunk = Chunk { bytes: Arc::new(bytes), start: 0 };
    }

    /// Reads the bytes from `offset` past the window; returns how many there are before the end.
    pub(crate) fn peek(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let have = usize::try_from(self.remaining(offset)).unwrap_or(usize::MAX).min(bytes.len());
        if have == 0 {
            return Ok(0);
        }
        self.read_at(offset, &mut bytes[..have])
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        self.file.as_ref().map_or(Ok(0), |file| file.read_at(offset, bytes))
    }

    #[inline]
    fn holds(&self, offset: u64, want: usize) -> bool {
        let Chunk { bytes, start } = &self.chunk;
        offset >= *start && offset + want as u64 <= start + bytes.len() as u64
    }

    #[cold]
    fn fill(&mut self, offset: u64, want: usize) -> io::Result<()> {
        let ahead = usize::try_from(self.remaining(offset)).unwrap_or(usize::MAX).min(READ_BYTES);
        let (mut bytes, len) = (self.memory(), want.max(ahead));
        if !is_planted(Fault::Unreserved) {
            bytes.try_reserve_exact(len.saturating_sub(bytes.len()))?;
        }
        bytes.resize(len, 0);
        let got = self.read_at(offset, &mut bytes);
        bytes.truncate(*got.as_ref().unwrap_or(&0));
        self.chunk = Chunk { bytes: Arc::new(bytes), start: offset };
        got.map(drop)
    }

    /// Returns memory that nobody else holds: this window's, or that of a chunk that others are done with. The
    /// window holds nothing then.
    fn memory(&mut self) -> Vec<u8> {
        match Arc::try_unwrap(std::mem::take(&mut self.chunk).bytes) {
            Ok(bytes) => bytes,
            Err(held) => {
                self.lent.push_back(held);
                let free = self.lent.iter().position(|lent| Arc::strong_count(lent) == 1);
                let free = free.and_then(|index| self.lent.remove(index));
                if self.lent.len() > LENT_MAX {
                    self.lent.pop_front();
                }
                free.and_then(|free| Arc::try_unwrap(free).ok()).unwrap_or_default()
            }
        }
    }
}
