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
        let is_narrow = page.get() <= COMPACT_ID_MAX && bytes.len() <= COMPACT_LEN_MAX as usize;
        if !is_narrow || offset > COMPACT_OFFSET_MAX - COMPACT_LEN_MAX {
            return false;
        }
        let span = Span::new(offset, bytes.len() as u32);
        if !bytes.is_empty() && !self.goes_on(page, span, bytes) {
            self.push_apart(page, span, bytes);
        }
        true
    }

    /// Makes the last entry longer, if the write goes on where that ends.
    #[inline]
    fn goes_on(&mut self, page: PageId, span: Span, bytes: &[u8]) -> bool {
        let Some(last) = self.compact.last_mut() else { return false };
        let mut entry = Entry::from_compact(*last);
        let touches = entry.id == page.get() && entry.offset + entry.length == span.offset;
        if !touches || entry.form != Form::Bytes as u32 || entry.length + span.len > COMPACT_LEN_MAX {
            return false;
        }
        entry.length += span.len;
        *last = entry.to_compact();
        self.compact_payload.extend_from_slice(bytes);
        true
    }

    #[inline]
    fn push_apart(&mut self, page: PageId, span: Span, bytes: &[u8]) {
        if bytes.len() >= LONG_BYTES {
            return choose_run_into(page, span, bytes, self);
        }
        let is_fill = bytes.len() > FILL_ABOVE_BYTES && is_one_byte(bytes);
        let form = if is_fill { Form::Fill } else { Form::Bytes };
        self.push_entry(Entry::run(page, form, span));
        self.compact_payload.extend_from_slice(if is_fill { &bytes[..1] } else { bytes });
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
