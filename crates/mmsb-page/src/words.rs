//! The only code that touches page bytes: relaxed atomic words, whatever the offset.
//!
//! A reader may copy a page while its slot is being written, or reused; it finds out afterwards and
//! throws the copy away. That is defined behaviour only because both sides use atomic words. Whoever
//! holds the slot alone (the page's lock, or a page not yet born) may also read plainly: reads do not
//! race with reads.
//!
//! Copies out of whole words go by `words/lines.rs` where the processor allows it, else word by word.
//!
//! Invariant: byte `i` of a page is byte `i % 8`, little-endian, of word `i / 8`.

#[cfg(all(feature = "asm", target_arch = "x86_64", not(any(miri, loom, sanitized, shuttle))))]
mod lines;

use crate::{
    prefetch,
    sync::{AtomicU64, Ordering},
};

/// Bytes of a word.
const WORD_BYTES: usize = 8;

/// Words copied a turn of the inner loop.
const LINE_WORDS: usize = 8;

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
    #[inline(always)]
    pub(crate) fn load(self, offset: usize, out: &mut [u8]) {
        if !(offset | out.len()).is_multiple_of(WORD_BYTES) {
            return self.load_ragged(offset, out);
        }
        let words = &self.words[offset / WORD_BYTES..][..out.len() / WORD_BYTES];
        load_whole(words, out.as_chunks_mut().0);
    }

    #[inline(never)]
    fn load_ragged(self, offset: usize, out: &mut [u8]) {
        let range = Range::new(offset, out.len());
        let words = range.of(self.words);
        let Some(end) = out.len().checked_sub(WORD_BYTES) else {
            return load_short(words, range.skip, out);
        };
        if range.head > 0 {
            // Writes a whole word; the bytes too many are written over below.
            let value = words[0].load(Ordering::Relaxed) >> bits(range.skip);
            out[..WORD_BYTES].copy_from_slice(&value.to_le_bytes());
        }
        let (middle, _) = out[range.head..].as_chunks_mut();
        load_whole(&words[usize::from(range.head > 0)..][..middle.len()], middle);
        if let ([.., low, high], 1..) = (words, range.tail) {
            // Writes the last eight bytes, those of the word before once more.
            let low = low.load(Ordering::Relaxed) >> bits(range.tail);
            let value = low | high.load(Ordering::Relaxed) << bits(WORD_BYTES - range.tail);
            out[end..].copy_from_slice(&value.to_le_bytes());
        }
    }

    /// Stores `bytes` from `offset` on. Edge words keep their other bytes, so the caller must be the
    /// slot's only writer.
    ///
    /// # Panics
    /// If the range passes the slot's end.
    ///
    /// # Cost
    /// For four words' length, wherever it begins, some thirty instructions without a branch; a call for others.
    #[inline(always)]
    pub(crate) fn store(self, offset: usize, bytes: &[u8]) {
        // A length the compiler knows needs no loop.
        match <&[u8; 4 * WORD_BYTES]>::try_from(bytes) {
            Ok(bytes) => self.store_long(offset, bytes),
            Err(_) => self.store_any(offset, bytes),
        }
    }

    #[inline(never)]
    fn store_any(self, offset: usize, bytes: &[u8]) {
        if bytes.len() < WORD_BYTES {
            let range = Range::new(offset, bytes.len());
            let mut value = [0; WORD_BYTES];
            value[..bytes.len()].copy_from_slice(bytes);
            return store_short(range.of(self.words), range.skip, bytes.len(), u64::from_le_bytes(value));
        }
        if (offset | bytes.len()).is_multiple_of(WORD_BYTES) {
            return store_whole(&self.words[offset / WORD_BYTES..], bytes);
        }
        self.store_long(offset, bytes);
    }

    /// Stores a word's length or more. The words at both ends are merged with what they hold, even where nothing
    /// of it is left: a branch that chance decides would take longer.
    #[inline(always)]
    fn store_long(self, offset: usize, bytes: &[u8]) {
        let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else { return };
        let (skip, tail) = (offset % WORD_BYTES, (offset + bytes.len()) % WORD_BYTES);
        let words = &self.words[offset / WORD_BYTES..=(offset + bytes.len() - 1) / WORD_BYTES];
        // Whole words first: if memory that nobody has touched were read first, the system would lend its page of
        // zeros, and take it back from every processor when the first store came.
        store_whole(&words[1..], &bytes[WORD_BYTES - skip..]);
        merge(&words[0], u64::from_le_bytes(*first) << bits(skip), u64::MAX << bits(skip));
        // All bits of a word that ends where the range does.
        let above = bits(WORD_BYTES - tail) % u64::BITS;
        merge(&words[words.len() - 1], u64::from_le_bytes(*last) >> above, u64::MAX >> above);
    }

    /// Sets `len` bytes from `offset` on to `byte`; the caller must be the slot's only writer.
    ///
    /// # Panics
    /// If the range passes the slot's end.
    pub(crate) fn fill(self, offset: usize, len: usize, byte: u8) {
        let range = Range::new(offset, len);
        let words = range.of(self.words);
        let value = u64::from_le_bytes([byte; WORD_BYTES]);
        if len < WORD_BYTES {
            return store_short(words, range.skip, len, value & !(u64::MAX << bits(len)));
        }
        range.store_edges(words, value, value);
        let whole = usize::from(range.head > 0)..words.len() - usize::from(range.tail > 0);
        words[whole].iter().for_each(|word| word.store(value, Ordering::Relaxed));
    }

    /// Copies whole words, from word `first` on, into other words.
    ///
    /// # Panics
    /// If there are fewer.
    pub(crate) fn copy_to(self, first: usize, out: &[AtomicU64]) {
        for (word, out) in self.words[first..first + out.len()].iter().zip(out) {
            out.store(word.load(Ordering::Relaxed), Ordering::Relaxed);
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
        #[cfg(not(loom))]
        unsafe {
            std::slice::from_raw_parts(self.words.as_ptr().cast(), len)
        }
        #[cfg(loom)]
        self.model_plain(len)
    }

    /// A model's words are no memory to lend: a copy, given up for good, made by reads that loom checks.
    #[cfg(loom)]
    fn model_plain(self, len: usize) -> &'a [u8] {
        let words = &self.words[..len.div_ceil(WORD_BYTES)];
        let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.plain().to_le_bytes()).collect();
        bytes.truncate(len);
        bytes.leak()
    }

    /// Asks for the first and the last line of a range.
    #[inline]
    pub(crate) fn prefetch(self, offset: u32, len: usize) {
        prefetch::lines(self.words.as_ptr().cast(), offset, len);
    }

    /// Asks for the first `len` bytes, if there are so many not more than can be waited for at once.
    #[inline]
    pub(crate) fn prefetch_all(self, len: usize) {
        prefetch::all_lines(self.words.as_ptr().cast(), len);
    }

    /// As [`Words::prefetch_all`], to be changed.
    #[inline]
    pub(crate) fn prefetch_all_own(self, len: usize) {
        prefetch::own_all_lines(self.words.as_ptr().cast(), len);
    }

    /// Returns the first `len` bytes as plain memory that can be written to.
    ///
    /// # Panics
    /// If `len` passes the slot's end.
    ///
    /// # Safety
    /// For the whole of `'a`, nobody else touches the slot.
    #[inline]
    pub(crate) unsafe fn plain_mut(self, len: usize) -> &'a mut [u8] {
        assert!(len <= self.words.len() * WORD_BYTES, "{len} bytes of {} words", self.words.len());
        // SAFETY: the words are initialized memory that lives for 'a and may be written through a shared
        // reference, `len` is inside them (checked above), and by the caller's promise nobody else reads
        // or writes them meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.words.as_ptr().cast_mut().cast(), len) }
    }
}

/// A range of bytes, cut at the borders of words. Of a range shorter than a word only `skip` counts.
struct Range {
    offset: usize,
    len: usize,
    /// Bytes of the first word before the range.
    skip: usize,
    /// Bytes before the first whole word: fewer than a word.
    head: usize,
    /// Bytes after the last whole word: fewer than a word.
    tail: usize,
}

impl Range {
    #[inline]
    fn new(offset: usize, len: usize) -> Self {
        let (skip, tail) = (offset % WORD_BYTES, (offset + len) % WORD_BYTES);
        Self { offset, len, skip, head: (WORD_BYTES - skip) % WORD_BYTES, tail }
    }

    /// Returns the words that hold the range: the partial ones and the whole ones.
    #[inline]
    fn of<'a>(&self, words: &'a [AtomicU64]) -> &'a [AtomicU64] {
        let first = self.offset / WORD_BYTES;
        &words[first..(self.offset + self.len).div_ceil(WORD_BYTES).max(first)]
    }

    /// Stores the partial words of a range at least a word long: of `first` what lies above `skip`, of
    /// `last` what lies below `tail`.
    #[inline]
    fn store_edges(&self, words: &[AtomicU64], first: u64, last: u64) {
        if let ([word, ..], 1..) = (words, self.head) {
            merge(word, first, u64::MAX << bits(self.skip));
        }
        if let ([.., word], 1..) = (words, self.tail) {
            merge(word, last, !(u64::MAX << bits(self.tail)));
        }
    }
}

/// Copies fewer bytes than a word, from one word or two.
#[inline]
fn load_short(words: &[AtomicU64], skip: usize, out: &mut [u8]) {
    let mut value = words.first().map_or(0, |word| word.load(Ordering::Relaxed) >> bits(skip));
    if let [_, next] = words {
        value |= next.load(Ordering::Relaxed) << bits(WORD_BYTES - skip);
    }
    out.copy_from_slice(&value.to_le_bytes()[..out.len()]);
}

/// Stores the low `len` bytes of `value`, fewer than a word, into one word or two. The others are zero.
#[inline]
fn store_short(words: &[AtomicU64], skip: usize, len: usize, value: u64) {
    let mask = !(u64::MAX << bits(len));
    if let [word, ..] = words {
        merge(word, value << bits(skip), mask << bits(skip));
    }
    if let [_, word] = words {
        merge(word, value >> bits(WORD_BYTES - skip), mask >> bits(WORD_BYTES - skip));
    }
}

/// Copies the words into as many chunks.
#[inline]
fn load_whole(words: &[AtomicU64], out: &mut [[u8; WORD_BYTES]]) {
    let done = load_lines(words, out);
    let (words, out) = (&words[done..], &mut out[done..]);
    // The compiler leaves loops over atomics as they are, one word a turn; a line a turn is half as long.
    let (lines, rest) = out.as_chunks_mut::<LINE_WORDS>();
    let word_rest = &words[lines.len() * LINE_WORDS..];
    let (word_lines, _) = words.as_chunks::<LINE_WORDS>();
    for (line, words) in lines.iter_mut().zip(word_lines) {
        *line = words.each_ref().map(|word| word.load(Ordering::Relaxed).to_le_bytes());
    }
    for (chunk, word) in rest.iter_mut().zip(word_rest) {
        *chunk = word.load(Ordering::Relaxed).to_le_bytes();
    }
}

#[cfg(all(feature = "asm", target_arch = "x86_64", not(any(miri, loom, sanitized, shuttle))))]
use self::lines::load as load_lines;

/// Copies nothing: there is no fast way here.
#[cfg(not(all(feature = "asm", target_arch = "x86_64", not(any(miri, loom, sanitized, shuttle)))))]
fn load_lines(_words: &[AtomicU64], _out: &mut [[u8; WORD_BYTES]]) -> usize {
    0
}

/// Stores as many whole words as there are bytes for.
#[inline(always)]
fn store_whole(words: &[AtomicU64], bytes: &[u8]) {
    let (chunks, _) = bytes.as_chunks();
    for (word, chunk) in words[..chunks.len()].iter().zip(chunks) {
        word.store(u64::from_le_bytes(*chunk), Ordering::Relaxed);
    }
}

/// Replaces the bits of a word that `mask` names.
#[inline]
fn merge(word: &AtomicU64, value: u64, mask: u64) {
    let kept = word.load(Ordering::Relaxed) & !mask;
    word.store(kept | value & mask, Ordering::Relaxed);
}

/// Returns the bits of so many bytes.
#[inline]
const fn bits(bytes: usize) -> u32 {
    bytes as u32 * 8
}
