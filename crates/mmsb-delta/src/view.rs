//! A batch borrowed from bytes that somebody else wrote.
//!
//! Invariant: every entry passed [`Entry::check`], a wide one had to be wide, and each payload slice
//! is exactly what the entries of its column need. So iterating neither checks again nor panics.

use mmsb_types::{
    PageId,
    plant::{Fault, is_planted},
};

use crate::{
    DecodeError, Patch,
    entry::{Compact, Entry, Wide},
};

/// A checked borrow of an encoded batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchView<'a> {
    compact: &'a [Compact],
    wide: &'a [Wide],
    compact_payload: &'a [u8],
    wide_payload: &'a [u8],
}

impl<'a> BatchView<'a> {
    /// Checks `bytes` and borrows them as a batch: the compact entries, the wide ones, the payload.
    ///
    /// # Errors
    /// The columns are not exactly as long as `bytes`, an entry breaks a rule ([`crate::EntryFault`]),
    /// or the entries do not use up the payload exactly. The first fault is named.
    ///
    /// # Cost
    /// O(entries), about a nanosecond each; allocates nothing and reads no payload.
    pub fn parse(
        bytes: &'a [u8],
        compact_count: u32,
        wide_count: u32,
        payload_bytes: u32,
    ) -> Result<Self, DecodeError> {
        let (compact_bytes, wide_bytes) = (u64::from(compact_count) * 8, u64::from(wide_count) * 24);
        let (need, got) = (compact_bytes + wide_bytes + u64::from(payload_bytes), bytes.len() as u64);
        if need != got && !is_planted(Fault::SkipBounds) {
            return Err(DecodeError::Size { need, got });
        }
        let (compact, rest) = bytes.split_at(compact_bytes as usize);
        let (wide, payload) = rest.split_at(wide_bytes as usize);
        let (compact, wide) = (compact.as_chunks().0, wide.as_chunks().0);
        let compact_need = compact_payload(compact)?;
        let need = compact_need + wide_payload(wide, compact.len())?;
        if need != u64::from(payload_bytes) {
            return Err(DecodeError::Payload { need, got: u64::from(payload_bytes) });
        }
        let (compact_payload, wide_payload) = payload.split_at(compact_need as usize);
        Ok(Self { compact, wide, compact_payload, wide_payload })
    }

    /// Borrows columns that hold the invariant already.
    #[inline]
    pub(crate) const fn of_columns(
        compact: &'a [Compact],
        wide: &'a [Wide],
        compact_payload: &'a [u8],
        wide_payload: &'a [u8],
    ) -> Self {
        Self { compact, wide, compact_payload, wide_payload }
    }

    /// Returns the patches with their pages: compact entries first, each column in its order.
    ///
    /// # Cost
    /// A few nanoseconds an entry; touches no payload but the bytes of fills.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (PageId, Patch<'a>)> + Clone + use<'a> {
        let compact = self.compact.iter().map(|entry| Entry::from_compact(*entry));
        let wide = self.wide.iter().map(Entry::from_wide);
        patches(compact, self.compact_payload).chain(patches(wide, self.wide_payload))
    }

    /// Returns the patches of the compact entries alone, with their pages.
    ///
    /// # Cost
    /// As [`BatchView::iter`], and no look at each step whether the wide ones have begun.
    #[inline]
    pub fn compact_iter(&self) -> impl Iterator<Item = (PageId, Patch<'a>)> + Clone + use<'a> {
        patches(self.compact.iter().map(|entry| Entry::from_compact(*entry)), self.compact_payload)
    }

    /// Returns the only patch, if there is one, and its entry is compact.
    #[inline]
    #[must_use]
    pub fn only_compact(&self) -> Option<(PageId, Patch<'a>)> {
        let [entry] = self.compact else { return None };
        let entry = Entry::from_compact(*entry);
        self.wide.is_empty().then_some((PageId::new(entry.id), entry.patch(self.compact_payload)?))
    }

    /// Tells whether there is no entry.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.compact.len() + self.wide.len()
    }

    /// Returns how many compact entries there are.
    #[must_use]
    pub const fn compact_count(&self) -> usize {
        self.compact.len()
    }

    /// Returns how many wide entries there are.
    #[must_use]
    pub const fn wide_count(&self) -> usize {
        self.wide.len()
    }

    /// Returns the compact entries as they are stored; [`compact_span`](crate::compact_span) reads one.
    #[inline]
    #[must_use]
    pub const fn compact_entries(&self) -> &'a [[u8; 8]] {
        self.compact
    }

    /// Returns how long the payload is, in bytes.
    #[must_use]
    pub const fn payload_bytes(&self) -> usize {
        self.compact_payload.len() + self.wide_payload.len()
    }

    /// Returns how long the encoding is, in bytes: entries and payload, nothing between or behind.
    #[must_use]
    pub fn encoded_bytes(&self) -> usize {
        self.columns().iter().map(|column| column.len()).sum()
    }

    /// Returns the encoding in its order, in four parts: compact entries, wide entries, payload of
    /// the compact ones, payload of the wide ones.
    #[inline]
    #[must_use]
    pub fn columns(&self) -> [&'a [u8]; 4] {
        [self.compact.as_flattened(), self.wide.as_flattened(), self.compact_payload, self.wide_payload]
    }

    /// Appends the encoding to `into`.
    pub fn encode_into(&self, into: &mut Vec<u8>) {
        into.reserve(self.encoded_bytes());
        self.columns().iter().for_each(|column| into.extend_from_slice(column));
    }
}

impl PartialEq for BatchView<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.columns() == other.columns()
    }
}

impl Eq for BatchView<'_> {}

/// Checks the compact entries and adds up their payload.
fn compact_payload(compact: &[Compact]) -> Result<u64, DecodeError> {
    let mut bytes = 0;
    for (index, entry) in compact.iter().enumerate() {
        let entry = Entry::from_compact(*entry);
        entry.check().map_err(|fault| DecodeError::Entry { index, fault })?;
        bytes += u64::from(entry.payload_bytes());
    }
    Ok(bytes)
}

/// Checks the wide entries, of which the first has index `before`, and adds up their payload.
fn wide_payload(wide: &[Wide], before: usize) -> Result<u64, DecodeError> {
    let mut bytes = 0;
    for (index, entry) in wide.iter().enumerate() {
        let entry =
            Entry::check_wide(entry).map_err(|fault| DecodeError::Entry { index: before + index, fault })?;
        bytes += u64::from(entry.payload_bytes());
    }
    Ok(bytes)
}

/// Deals the payload out to the entries; ends early only if the type's invariant were broken.
#[inline]
fn patches<'a>(
    entries: impl Iterator<Item = Entry> + Clone,
    payload: &'a [u8],
) -> impl Iterator<Item = (PageId, Patch<'a>)> + Clone {
    entries.scan(payload, |rest, entry| {
        let (own, behind) = rest.split_at_checked(entry.payload_bytes() as usize)?;
        *rest = behind;
        Some((PageId::new(entry.id), entry.patch(own)?))
    })
}
