//! The only code that touches page bytes: relaxed atomic words, whatever the offset.
//!
//! A reader may copy a page while its slot is being written, or reused; it finds out afterwards and
//! throws the copy away. That is defined behaviour only because both sides use atomic words. Whoever
//! holds the slot alone (the page's lock, or a page not yet born) may also read plainly: reads do not
//! race with reads.
//!
//! Invariant: byte `i` of a page is byte `i % 8`, little-endian, of word `i / 8`.

use std::ops::Range;

use crate::sync::{AtomicU64, Ordering};

/// Bytes of a word.
const WORD_BYTES: usize = 8;

/// The words of one slot, padding included.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    words: &'a [AtomicU64],
}

impl<'a> Words<'a> {
    /// Wraps a slot's words.
    #[inline]
    pub(crate) fn new(words: &'a [AtomicU64]) -> Self {
        Self { words }
    }

    /// Copies the bytes from `offset` on into `out`; torn if somebody writes meanwhile.
    ///
    /// # Panics
    /// If the range passes the slot's end.
    #[inline]
    pub(crate) fn load(self, offset: usize, out: &mut [u8]) {
        let (head_len, skip) = head(offset, out.len());
        let mut words = &self.words[covering(offset, out.len())];
        let (head, rest) = out.split_at_mut(head_len);
        if let ([first, others @ ..], true) = (words, head_len > 0) {
            head.copy_from_slice(&first.load(Ordering::Relaxed).to_le_bytes()[skip..skip + head_len]);
            words = others;
        }
        let (middle, tail) = rest.as_chunks_mut::<WORD_BYTES>();
        for (chunk, word) in middle.iter_mut().zip(words) {
            *chunk = word.load(Ordering::Relaxed).to_le_bytes();
        }
        if let Some(last) = words.get(middle.len()) {
            tail.copy_from_slice(&last.load(Ordering::Relaxed).to_le_bytes()[..tail.len()]);
        }
    }

    /// Stores `bytes` from `offset` on. Edge words keep their other bytes, so the caller must be the
    /// slot's only writer.
    ///
    /// # Panics
    /// If the range passes the slot's end.
    #[inline]
    pub(crate) fn store(self, offset: usize, bytes: &[u8]) {
        let (head_len, skip) = head(offset, bytes.len());
        let mut words = &self.words[covering(offset, bytes.len())];
        let (head, rest) = bytes.split_at(head_len);
        if let ([first, others @ ..], true) = (words, head_len > 0) {
            edit(first, |word| word[skip..skip + head_len].copy_from_slice(head));
            words = others;
        }
        let (middle, tail) = rest.as_chunks::<WORD_BYTES>();
        for (chunk, word) in middle.iter().zip(words) {
            word.store(u64::from_le_bytes(*chunk), Ordering::Relaxed);
        }
        if let Some(last) = words.get(middle.len()) {
            edit(last, |word| word[..tail.len()].copy_from_slice(tail));
        }
    }

    /// Sets `len` bytes from `offset` on to `byte`; the caller must be the slot's only writer.
    ///
    /// # Panics
    /// If the range passes the slot's end.
    pub(crate) fn fill(self, offset: usize, len: usize, byte: u8) {
        let (head_len, skip) = head(offset, len);
        let mut words = &self.words[covering(offset, len)];
        if let ([first, others @ ..], true) = (words, head_len > 0) {
            edit(first, |word| word[skip..skip + head_len].fill(byte));
            words = others;
        }
        let (middle, tail) = ((len - head_len) / WORD_BYTES, (len - head_len) % WORD_BYTES);
        for word in &words[..middle] {
            word.store(u64::from_le_bytes([byte; WORD_BYTES]), Ordering::Relaxed);
        }
        if let Some(last) = words.get(middle) {
            edit(last, |word| word[..tail].fill(byte));
        }
    }

    /// Sets the whole slot, padding included, to zero.
    pub(crate) fn clear(self) {
        self.words.iter().for_each(|word| word.store(0, Ordering::Relaxed));
    }

    /// Returns the slot's first word, which a free slot uses as its link.
    pub(crate) fn first(self) -> &'a AtomicU64 {
        &self.words[0]
    }

    /// Returns the offset of the first byte from `offset` on that is not zero.
    pub(crate) fn first_nonzero(self, offset: usize) -> Option<usize> {
        let mut bytes = [0; WORD_BYTES];
        (offset / WORD_BYTES..self.words.len()).find_map(|index| {
            self.load(index * WORD_BYTES, &mut bytes);
            let start = offset.saturating_sub(index * WORD_BYTES).min(WORD_BYTES);
            bytes[start..].iter().position(|&byte| byte != 0).map(|at| index * WORD_BYTES + start + at)
        })
    }

    /// Returns the first `len` bytes as plain memory.
    ///
    /// # Panics
    /// If `len` passes the slot's end.
    ///
    /// # Safety
    /// For the whole of `'a`, nobody stores to the slot.
    #[inline]
    pub(crate) unsafe fn plain(self, len: usize) -> &'a [u8] {
        assert!(len <= self.words.len() * WORD_BYTES, "{len} bytes of {} words", self.words.len());
        // SAFETY: the words are initialized memory that lives for 'a, `len` is inside them (checked
        // above), and by the caller's promise nothing changes them meanwhile.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), len) }
    }
}

/// Returns how many bytes come before the first whole word, and where in their word they start.
#[inline]
fn head(offset: usize, len: usize) -> (usize, usize) {
    let skip = offset % WORD_BYTES;
    (if skip == 0 { 0 } else { (WORD_BYTES - skip).min(len) }, skip)
}

/// Returns the indices of the words that hold the range; none for an empty one.
#[inline]
fn covering(offset: usize, len: usize) -> Range<usize> {
    let start = offset / WORD_BYTES;
    if len == 0 { start..start } else { start..(offset + len).div_ceil(WORD_BYTES) }
}

#[inline]
fn edit(word: &AtomicU64, change: impl FnOnce(&mut [u8; WORD_BYTES])) {
    let mut bytes = word.load(Ordering::Relaxed).to_le_bytes();
    change(&mut bytes);
    word.store(u64::from_le_bytes(bytes), Ordering::Relaxed);
}
