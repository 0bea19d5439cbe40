//! A window over a file: large reads behind small looks, never more memory than the file has bytes.

use std::{io, sync::Arc};

use crate::{
    sync::{Fault, is_planted},
    vfs::VfsFile,
};

const READ_BYTES: usize = 1 << 20;

/// Bytes of a file around the place being looked at.
#[derive(Debug)]
pub(crate) struct Window {
    /// None of an empty window, which nobody looks through.
    file: Option<Arc<dyn VfsFile>>,
    buffer: Vec<u8>,
    /// File offset of the buffer's first byte.
    start: u64,
    /// Bytes past this offset are not looked at.
    end: u64,
}

impl Window {
    /// Looks at `file` up to byte `end`.
    pub(crate) fn new(file: Arc<dyn VfsFile>, end: u64) -> Self {
        Self { file: Some(file), buffer: Vec::new(), start: 0, end }
    }

    /// Looks at nothing.
    pub(crate) fn none() -> Self {
        Self { file: None, buffer: Vec::new(), start: 0, end: 0 }
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
    pub(crate) fn remaining(&self, offset: u64) -> u64 {
        self.end.saturating_sub(offset)
    }

    /// Returns the bytes from `offset`: `want` of them, or fewer if the end comes first.
    pub(crate) fn look(&mut self, offset: u64, want: usize) -> io::Result<&[u8]> {
        let most = usize::try_from(self.remaining(offset)).unwrap_or(usize::MAX);
        let want = if is_planted(Fault::SkipLengthCap) { want } else { want.min(most) };
        if want == 0 {
            return Ok(&[]);
        }
        if !self.holds(offset, want) {
            self.fill(offset, want)?;
        }
        let from = (offset - self.start) as usize;
        Ok(&self.buffer[from..self.buffer.len().min(from + want)])
    }

    /// Forgets the bytes that were read: they are read again.
    pub(crate) fn forget(&mut self) {
        self.buffer.clear();
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

    fn holds(&self, offset: u64, want: usize) -> bool {
        offset >= self.start && offset + want as u64 <= self.start + self.buffer.len() as u64
    }

    fn fill(&mut self, offset: u64, want: usize) -> io::Result<()> {
        let ahead = usize::try_from(self.remaining(offset)).unwrap_or(usize::MAX).min(READ_BYTES);
        self.start = offset;
        self.buffer.resize(want.max(ahead), 0);
        let mut buffer = std::mem::take(&mut self.buffer);
        let got = self.read_at(offset, &mut buffer);
        buffer.truncate(*got.as_ref().unwrap_or(&0));
        self.buffer = buffer;
        got.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::{READ_BYTES, Window};
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
            assert!(window.buffer.capacity() <= bytes.len() + READ_BYTES);
        }
        assert!(window.look(u64::MAX, usize::MAX).unwrap().is_empty());
        file.truncate(100).unwrap();
        window.forget();
        assert_eq!(window.look(90, 32).unwrap(), &bytes[90..100], "a file cut meanwhile just ends earlier");
    }
}
