//! A `single` frame as eight words: made in registers where the commit runs, stored straight into the ring.
//!
//! Invariant: sealed, a line is the frame that [`FrameBuf`](super::FrameBuf) makes of the same batch.

#[cfg(test)]
mod tests;

use mmsb_delta::BatchView;
use mmsb_types::crc32c_words;

use super::{KIND_SINGLE, SINGLE_BYTES, SINGLE_PAYLOAD_MAX};

/// Words of a line.
pub(crate) const LINE_WORDS: usize = SINGLE_BYTES / 8;
/// Length and kind: the first four bytes.
const HEAD: u32 = SINGLE_BYTES as u32 | (KIND_SINGLE as u32) << 16;
/// Words of the longest payload: those behind head and checksum, number, entry.
const PAYLOAD_WORDS: usize = SINGLE_PAYLOAD_MAX / 8;
const _: () = assert!(LINE_WORDS == 3 + PAYLOAD_WORDS);

/// A commit of one short compact entry and nothing else: borrowed until its number is known.
#[derive(Clone, Copy, Debug)]
pub struct Line<'w> {
    entry: [u8; 8],
    /// At most [`SINGLE_PAYLOAD_MAX`] bytes.
    payload: &'w [u8],
}

impl<'w> Line<'w> {
    /// The longest payload, in bytes.
    pub const PAYLOAD_MAX: usize = SINGLE_PAYLOAD_MAX;

    /// Takes a commit of nothing but this compact entry, which is valid, and its payload; `None` if the payload
    /// is too long for a line.
    #[inline]
    #[must_use]
    pub fn new(entry: [u8; 8], payload: &'w [u8]) -> Option<Self> {
        (payload.len() <= SINGLE_PAYLOAD_MAX).then_some(Self { entry, payload })
    }

    /// Takes a commit of the batch and nothing else, if it fits a line.
    #[inline]
    #[must_use]
    pub fn of(batch: BatchView<'w>) -> Option<Self> {
        let [entry, wide, payload, _] = batch.columns();
        let entry = entry.try_into().ok().filter(|_| wide.is_empty())?;
        Self::new(entry, payload)
    }

    /// Returns the line's length, in bytes.
    #[inline]
    #[must_use]
    pub const fn bytes() -> usize {
        SINGLE_BYTES
    }

    /// Returns the frame's words but for number and checksum.
    #[inline]
    pub(super) fn open_words(self) -> [u64; LINE_WORDS] {
        let [a, b, c, d, e] = payload_words(self.payload);
        [u64::from(HEAD), 0, u64::from_le_bytes(self.entry), a, b, c, d, e]
    }

    /// Returns the whole frame.
    #[inline]
    pub(crate) fn sealed(self, number: u64) -> [u64; LINE_WORDS] {
        let [_, _, rest @ ..] = self.open_words();
        let [a, b, c, d, e, f] = rest;
        let checksum = crc32c_words(HEAD, &[number, a, b, c, d, e, f]);
        [u64::from(HEAD) | u64::from(checksum) << 32, number, a, b, c, d, e, f]
    }
}

/// Returns the payload, zeros behind it.
#[inline]
fn payload_words(payload: &[u8]) -> [u64; PAYLOAD_WORDS] {
    let (whole, rest) = payload.as_chunks();
    if let ([a, b, c, d], []) = (whole, rest) {
        // Four words are a vector of four doubles, and as common: no loop, and no test for each word.
        return [a, b, c, d, &[0; 8]].map(|word| u64::from_le_bytes(*word));
    }
    let mut words = [0; PAYLOAD_WORDS];
    for (word, chunk) in words.iter_mut().zip(whole) {
        *word = u64::from_le_bytes(*chunk);
    }
    if let (Some(word), false) = (words.get_mut(whole.len()), rest.is_empty()) {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        *word = u64::from_le_bytes(last);
    }
    words
}
