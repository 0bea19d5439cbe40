//! The bytes of one file as chunks that copies share: a copy of a disk costs pointers, not bytes.
//!
//! Invariant: a missing chunk reads as zeros; bytes of a chunk at or beyond `len` are zero.

use std::sync::Arc;

/// Small, so that a write after a copy copies little; large, so that a file is few pointers.
const CHUNK_BYTES: usize = 4096;

/// A file's bytes. Cloning shares them until one side writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Bytes {
    chunks: Vec<Option<Arc<[u8; CHUNK_BYTES]>>>,
    len: u64,
}

impl Bytes {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Fills `buffer` from `offset` up to the end of the file; returns how many bytes it got.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let bytes = self.len.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let mut at = 0;
        while at < bytes {
            let (chunk, from) = place(offset + at as u64);
            let here = (CHUNK_BYTES - from).min(bytes - at);
            let target = &mut buffer[at..at + here];
            match self.chunks.get(chunk).and_then(Option::as_ref) {
                Some(chunk) => target.copy_from_slice(&chunk[from..from + here]),
                None => target.fill(0),
            }
            at += here;
        }
        bytes
    }

    /// Writes `bytes` at `offset`, growing the file as needed.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut at = 0;
        while at < bytes.len() {
            let (chunk, from) = place(offset + at as u64);
            let here = (CHUNK_BYTES - from).min(bytes.len() - at);
            self.chunk_mut(chunk)[from..from + here].copy_from_slice(&bytes[at..at + here]);
            at += here;
        }
        self.len = self.len.max(offset + bytes.len() as u64);
    }

    /// Sets the length: what is beyond is cut, growth is zeros.
    pub(super) fn truncate(&mut self, len: u64) {
        if len < self.len {
            self.chunks.truncate(len.div_ceil(CHUNK_BYTES as u64) as usize);
            let (last, keep) = place(len);
            if let Some(Some(chunk)) = self.chunks.get_mut(last) {
                Arc::make_mut(chunk)[keep..].fill(0);
            }
        }
        self.len = len;
    }

    /// Makes the file at least so long.
    pub(super) fn grow(&mut self, len: u64) {
        self.len = self.len.max(len);
    }

    fn chunk_mut(&mut self, chunk: usize) -> &mut [u8; CHUNK_BYTES] {
        if self.chunks.len() <= chunk {
            self.chunks.resize(chunk + 1, None);
        }
        Arc::make_mut(self.chunks[chunk].get_or_insert_with(|| Arc::new([0; CHUNK_BYTES])))
    }
}

/// Returns the chunk that holds the byte at `offset`, and where in it.
fn place(offset: u64) -> (usize, usize) {
    ((offset / CHUNK_BYTES as u64) as usize, (offset % CHUNK_BYTES as u64) as usize)
}
