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

use crate::{BatchView, DeltaBatch, Form, choose::choose_run_into, compact_span, entry::Entry};

/// From this length on a write is searched for repeated bytes.
pub(crate) const LONG_BYTES: usize = 64;
/// No write that begins here or before reaches past what a compact entry holds.
pub(crate) const OFFSET_MAX: u32 = COMPACT_OFFSET_MAX - COMPACT_LEN_MAX;
/// Up to this length one repeated byte is left among its neighbours: as a fill it would save nothing.
pub(crate) const FILL_ABOVE_BYTES: usize = 1;

impl DeltaBatch {
    /// Appends a write of `bytes` at `offset`; `false`, and nothing is appended, if only a wide entry could
    /// hold it.
    ///
    /// The caller has checked that it fits its page. Overlaps are the caller's to find.
    ///
    /// # Cost
    /// A few nanoseconds up to 63 bytes; above as [`crate::choose_into`].
    #[inline(always)]
    pub fn push_write(&mut self, page: PageId, offset: u32, bytes: &[u8]) -> bool {
        let is_page = page.get().wrapping_sub(1) < COMPACT_ID_MAX;
        let is_short = (1..LONG_BYTES).contains(&bytes.len());
        if !is_page || !is_short || offset > OFFSET_MAX || self.ends_on(page) || may_be_one_byte(bytes) {
            return self.push_other(page, offset, bytes);
        }
        let span = Span::new(offset, bytes.len() as u32);
        self.compact.push(Entry::run(page, Form::Bytes, span).to_compact());
        // Where the caller's length is a constant, this is a few instructions: so it stands here alone.
        self.compact_payload.extend_from_slice(bytes);
        true
    }

    /// Tells whether the last compact entry is one of this page.
    #[inline]
    #[must_use]
    pub fn ends_on(&self, page: PageId) -> bool {
        self.compact.last().is_some_and(|last| Entry::from_compact(*last).id == page.get())
    }

    /// Appends a write that may be more, or less, than an entry with its bytes.
    #[inline(never)]
    fn push_other(&mut self, page: PageId, offset: u32, bytes: &[u8]) -> bool {
        if bytes.is_empty() || bytes.len() >= LONG_BYTES {
            return self.push_long(page, offset, bytes);
        }
        if !(1..=COMPACT_ID_MAX).contains(&page.get()) || offset > OFFSET_MAX {
            return false;
        }
        let span = Span::new(offset, bytes.len() as u32);
        if !self.goes_on(page, span, bytes) {
            let is_fill = bytes.len() > FILL_ABOVE_BYTES && is_one_byte(bytes);
            let (form, payload) = if is_fill { (Form::Fill, &bytes[..1]) } else { (Form::Bytes, bytes) };
            self.compact.push(Entry::run(page, form, span).to_compact());
            self.compact_payload.extend_from_slice(payload);
        }
        true
    }

    /// Appends a write of any length.
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
        self.compact_entries().iter().map(|entry| compact_span(*entry))
    }
}

/// Tells whether all bytes may be equal; most writes show in their first word that they are not.
#[inline]
pub(crate) fn may_be_one_byte(bytes: &[u8]) -> bool {
    match (bytes.first_chunk(), bytes.first_chunk()) {
        (Some(word), _) => u64::from_le_bytes(*word) == u64::from_le_bytes(*word).rotate_left(8),
        (None, Some(word)) => u32::from_le_bytes(*word) == u32::from_le_bytes(*word).rotate_left(8),
        _ => bytes.first() == bytes.last(),
    }
}

pub(crate) fn is_one_byte(bytes: &[u8]) -> bool {
    bytes[1..] == bytes[..bytes.len() - 1]
}
