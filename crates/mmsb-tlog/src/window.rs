//! A window over a file: large reads behind small looks, never more memory than the file has bytes.
//!
//! Invariant: a [`Chunk`] that somebody else holds is never changed; its memory is used again once nobody does.

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
        let mut bytes = self.memory();
        bytes.resize(want.max(ahead), 0);
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

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::{LENT_MAX, READ_BYTES, Window};
    use crate::vfs::{MemoryVfs, Vfs};

    #[test]
    fn a_hostile_length_takes_no_more_memory_than_the_file_has_bytes() {
        let file = MemoryVfs::new().create_new(Path::new("/file")).unwrap();
        let bytes: Vec<u8> = (0..3 * READ_BYTES + 77).map(|index| (index % 251) as u8).collect();
        file.write_at(0, &bytes).unwrap();
        let mut window = Window::new(Arc::clone(&file), bytes.len() as u64);
        for (offset, want) in
            [(0, 32), (5, usize::MAX), (READ_BYTES as u64 - 3, 8), (9, 64), (bytes.len() as u64, 8)]
        {
            let end = bytes.len().min((offset as usize).saturating_add(want));
            assert!(window.look(offset, want).unwrap() == &bytes[offset as usize..end]);
            assert!(window.chunk.bytes.capacity() <= bytes.len() + READ_BYTES);
        }
        assert!(window.look(u64::MAX, usize::MAX).unwrap().is_empty());
        file.truncate(100).unwrap();
        window.forget();
        assert_eq!(window.look(90, 32).unwrap(), &bytes[90..100], "a file cut meanwhile just ends earlier");
    }

    #[test]
    fn a_chunk_that_is_held_stays_as_it_is_and_its_memory_comes_back() {
        let file = MemoryVfs::new().create_new(Path::new("/file")).unwrap();
        let count = 2 * LENT_MAX + 3;
        (0..count).for_each(|at| file.write_at((at * READ_BYTES) as u64, &[at as u8; READ_BYTES]).unwrap());
        let mut window = Window::new(Arc::clone(&file), (count * READ_BYTES) as u64);
        let held: Vec<_> = (0..count)
            .map(|at| {
                window.look((at * READ_BYTES) as u64, READ_BYTES).unwrap();
                window.chunk().clone()
            })
            .collect();
        for (at, chunk) in held.iter().enumerate() {
            assert!(chunk.bytes.len() == READ_BYTES && chunk.bytes.iter().all(|&byte| byte == at as u8));
        }
        drop(held);
        let mut memory = |at: usize| {
            window.look((at * READ_BYTES) as u64, 1).unwrap();
            window.chunk().bytes.as_ptr()
        };
        let first = memory(0);
        assert!((1..count).all(|at| memory(at) == first), "nobody holds it");
        assert!(window.lent.len() <= LENT_MAX);
    }
}
