//! The bytes of one file in memory, in chunks: growing copies nothing old, and a discarded beginning is
//! freed.
//!
//! Invariant: a chunk has exactly `CHUNK_BYTES`; a chunk that is missing reads as zeros.
//! Invariant: bytes of a chunk at or beyond `len` are zero, so growing needs no clearing.
//! Invariant: `kept_from <= len`; no chunk ends at or before `kept_from`.

use std::collections::BTreeMap;
use std::io::Result;

use crate::vfs::not_kept;

/// Large enough that a 64 MiB segment is a thousand chunks, small enough that a manifest wastes little.
const CHUNK_BYTES: usize = 64 << 10;

/// A file's bytes, of which those before `kept_from` are gone.
///
/// The caller has checked that no range passes 2^63.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// Chunk number `offset / CHUNK_BYTES` to its bytes.
    chunks: BTreeMap<u64, Box<[u8]>>,
    len: u64,
    kept_from: u64,
}

impl Content {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The memory that the chunks take.
    pub(super) fn held_bytes(&self) -> u64 {
        self.chunks.len() as u64 * CHUNK_BYTES as u64
    }

    /// Fills `buffer` from `offset` up to the end of the file.
    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let bytes = self.len.saturating_sub(offset).min(buffer.len() as u64) as usize;
        if bytes > 0 && offset < self.kept_from {
            return Err(not_kept(
                "these bytes were discarded: their holder said nobody would read them again",
            ));
        }
        for piece in pieces(offset, bytes) {
            let target = &mut buffer[piece.at..piece.at + piece.bytes];
            match self.chunks.get(&piece.chunk) {
                Some(chunk) => target.copy_from_slice(&chunk[piece.from..piece.from + piece.bytes]),
                None => target.fill(0),
            }
        }
        Ok(bytes)
    }

    /// Writes `bytes`, growing the file as needed. What falls into discarded chunks is dropped: nobody can
    /// read it.
    pub(super) fn write_at(&mut self, offset: u64, bytes: &[u8]) {
        for piece in pieces(offset, bytes.len()) {
            if piece.chunk < self.kept_from / CHUNK_BYTES as u64 {
                continue;
            }
            let chunk = self.chunks.entry(piece.chunk).or_insert_with(|| vec![0; CHUNK_BYTES].into());
            chunk[piece.from..piece.from + piece.bytes]
                .copy_from_slice(&bytes[piece.at..piece.at + piece.bytes]);
        }
        if !bytes.is_empty() {
            self.len = self.len.max(offset + bytes.len() as u64);
        }
    }

    /// Sets the length; what is cut is freed, or zeroed in the chunk that stays.
    pub(super) fn truncate(&mut self, len: u64) {
        if len < self.len {
            drop(self.chunks.split_off(&len.div_ceil(CHUNK_BYTES as u64)));
            let (last, keep) = place(len);
            if let Some(chunk) = self.chunks.get_mut(&last) {
                chunk[keep..].fill(0);
            }
        }
        self.len = len;
        self.kept_from = self.kept_from.min(len);
    }

    /// Frees the chunks that end at or before `offset` and refuses reads before it from now on.
    pub(super) fn discard_before(&mut self, offset: u64) {
        self.kept_from = self.kept_from.max(offset.min(self.len));
        self.chunks = self.chunks.split_off(&(self.kept_from / CHUNK_BYTES as u64));
    }
}

/// The part of a range that lies in one chunk.
struct Piece {
    chunk: u64,
    /// Where it begins in the chunk.
    from: usize,
    /// Where it begins in the range.
    at: usize,
    bytes: usize,
}

/// Cuts a range into the pieces of its chunks, in order.
fn pieces(offset: u64, bytes: usize) -> impl Iterator<Item = Piece> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (chunk, from) = place(offset + at as u64);
        let piece = Piece { chunk, from, at, bytes: (CHUNK_BYTES - from).min(bytes - at) };
        at += piece.bytes;
        (piece.bytes > 0).then_some(piece)
    })
}

/// Returns the chunk that holds the byte at `offset`, and where in it.
fn place(offset: u64) -> (u64, usize) {
    (offset / CHUNK_BYTES as u64, (offset % CHUNK_BYTES as u64) as usize)
}
