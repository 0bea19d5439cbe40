//! Writes as they come: the column that a transaction fills while its program runs.
//!
//! A short write becomes an entry at once, in a few nanoseconds. A longer one is worth the search for its
//! smallest form; one that goes on where the last ended makes that longer instead of an entry of its own.
//!
//! Invariant: entries stand in the order of the writes, all of them compact.

use mmsb_types::{
    PageId, Span,
    limits::{COMPACT_ID_MAX, COMPACT_LEN_MAX, COMPACT_OFFSET_MAX},
};

use crate::{BatchView, DeltaBatch, Form, choose::choose_run_into, entry::Entry};

/// From this length on a write is searched for repeated bytes.
const LONG_BYTES: usize = 64;
/// No write that begins here or before reaches past what a compact entry holds.
const OFFSET_MAX: u32 = COMPACT_OFFSET_MAX - COMPACT_LEN_MAX;
/// Up to this length one repeated byte is left among its neighbours: as a fill it would save nothing.
const FILL_ABOVE_BYTES: usize = 1;

impl DeltaBatch {
    /// Appends a write of `bytes` at `offset`; `false`, and nothing is appended, if only a wide entry could
    /// hold it.
    ///
    /// The caller has checked that it fits its page. Overlaps are the caller's to find.
    ///
    /// # Cost
    /// A few nanoseconds up to 63 bytes; above as [`crate::choose_into`].
    #[inline]
    pub fn push_write(&mut self, page: PageId, offset: u32, bytes: &[u8]) -> bool {
        let is_page = page.get().wrapping_sub(1) < COMPACT_ID_MAX;
        if !is_page || bytes.len() >= LONG_BYTES || offset > OFFSET_MAX || bytes.is_empty() {
            return self.push_long(page, offset, bytes);
        }
        let span = Span::new(offset, bytes.len() as u32);
        if self.goes_on(page, span, bytes) {
            return true;
        }
        let is_fill = bytes.len() > FILL_ABOVE_BYTES && is_one_byte(bytes);
        let (form, payload) = if is_fill { (Form::Fill, &bytes[..1]) } else { (Form::Bytes, bytes) };
        self.compact.push(Entry::run(page, form, span).to_compact());
        self.compact_payload.extend_from_slice(payload);
        true
    }

    /// Appends a write of any length.
    #[inline(never)]
    fn push_long(&mut self, page: PageId, offset: u32, bytes: &[u8]) -> bool {
        let is_page = (1..=COMPACT_ID_MAX).contains(&page.get());
        if !is_page || bytes.len() > COMPACT_LEN_MAX as usize || offset > OFFSET_MAX {
            return false;
        }
        let span = Span::new(offset, bytes.len() as u32);
        if !bytes.is_empty() && !self.goes_on(page, span, bytes) {
            choose_run_into(page, span, bytes, self);
        }
        true
    }

    /// Makes the last entry longer, if the write goes on where that ends.
    #[inline]
    fn goes_on(&mut self, page: PageId, span: Span, bytes: &[u8]) -> bool {
        let Some(last) = self.compact.last_mut() else { return false };
        let mut entry = Entry::from_compact(*last);
        if entry.id != page.get() || entry.form != Form::Bytes as u32 {
            return false;
        }
        let touches = entry.offset + entry.length == span.offset;
        if !touches || entry.length + span.len > COMPACT_LEN_MAX {
            return false;
        }
        entry.length += span.len;
        *last = entry.to_compact();
        self.compact_payload.extend_from_slice(bytes);
        true
    }
}

impl BatchView<'_> {
    /// Returns page and run of each compact entry, in their order.
    #[inline]
    pub fn compact_spans(&self) -> impl ExactSizeIterator<Item = (PageId, Span)> + Clone {
        self.compact_entries().iter().map(|entry| {
            let entry = Entry::from_compact(*entry);
            (PageId::new(entry.id), entry.span())
        })
    }
}

/// Tells whether all bytes are equal; most writes show in their first word that they are not.
#[inline]
fn is_one_byte(bytes: &[u8]) -> bool {
    if let Some(word) = bytes.first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        if word != word.rotate_left(8) {
            return false;
        }
    }
    bytes[1..] == bytes[..bytes.len() - 1]
}
