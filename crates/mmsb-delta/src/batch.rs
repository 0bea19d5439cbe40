//! The patches of one commit in columns, laid out exactly as a log frame stores them.
//!
//! Encoded: the compact entries, then the wide ones, then the payload of the compact ones in their
//! order, then that of the wide ones. Encoding is four copies.
//!
//! Invariant: every entry passes the decoder's checks, and each payload column holds what the entries
//! of its column need, in their order.

use mmsb_types::{
    PageId,
    limits::{COMPACT_ID_MAX, COMPACT_LEN_MAX, PAGE_BYTES_MAX, PAGE_ID_MAX},
};

use crate::{
    BatchView, Patch,
    entry::{Compact, Entry, Wide},
};

/// The patches of one commit in columns.
///
/// ```
/// use mmsb_delta::{BatchView, DeltaBatch, Patch};
/// use mmsb_types::PageId;
///
/// let mut batch = DeltaBatch::default();
/// batch.push(PageId::new(7), Patch::Bytes { offset: 2, bytes: b"abc" });
/// let mut bytes = Vec::new();
/// batch.encode_into(&mut bytes);
/// let view = BatchView::parse(&bytes, 1, 0, 3)?;
/// assert_eq!(view.iter().next(), Some((PageId::new(7), Patch::Bytes { offset: 2, bytes: b"abc" })));
/// # Ok::<(), mmsb_delta::DecodeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeltaBatch {
    pub(crate) compact: Vec<Compact>,
    wide: Vec<Wide>,
    pub(crate) compact_payload: Vec<u8>,
    wide_payload: Vec<u8>,
}

/// How long the columns were at some moment.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    compact: usize,
    wide: usize,
}

impl DeltaBatch {
    /// Makes an empty batch with room for so many compact entries and bytes of their payload.
    #[must_use]
    pub fn with_capacity(entry_count: usize, payload_bytes: usize) -> Self {
        let mut batch = Self::default();
        batch.reserve(entry_count, payload_bytes);
        batch
    }

    /// Makes room for so many more compact entries and bytes of their payload.
    pub fn reserve(&mut self, entry_count: usize, payload_bytes: usize) {
        self.compact.reserve(entry_count);
        self.compact_payload.reserve(payload_bytes);
    }

    /// Makes room for anything that [`crate::choose_into`] may add for one page: its bytes, and one
    /// entry for each run there can be.
    pub fn reserve_worst(&mut self, page: PageId, page_bytes: u32) {
        let entry_count = page_bytes as usize / crate::choose::BYTES_PER_ENTRY_MIN + 1;
        self.reserve(entry_count, page_bytes as usize);
        if page.get() > COMPACT_ID_MAX || page_bytes > COMPACT_LEN_MAX {
            self.wide.reserve(entry_count);
            self.wide_payload.reserve(page_bytes as usize);
        }
    }

    /// Returns for how much there is room without another allocation: compact entries, wide ones, bytes
    /// of payload of the compact ones and of the wide ones.
    #[must_use]
    pub fn capacities(&self) -> [usize; 4] {
        let entries = [self.compact.capacity(), self.wide.capacity()];
        [entries[0], entries[1], self.compact_payload.capacity(), self.wide_payload.capacity()]
    }

    /// Appends a patch. An empty run changes nothing and is left out.
    ///
    /// # Panics
    /// If the page's id is 0 or above `limits::PAGE_ID_MAX`, or the run ends past
    /// `limits::PAGE_BYTES_MAX`; the caller has checked the patch against its page.
    ///
    /// # Cost
    /// Amortised O(payload bytes).
    #[inline]
    pub fn push(&mut self, page: PageId, patch: Patch<'_>) {
        let entry = Entry::of(page, &patch);
        if patch.span().len == 0 {
            return;
        }
        assert!(patch.span().fits(PAGE_BYTES_MAX), "run {} passes the longest page", patch.span());
        self.push_entry(entry);
        let payload = if entry.is_compact() { &mut self.compact_payload } else { &mut self.wide_payload };
        match patch {
            Patch::Bytes { bytes, .. } | Patch::Page { bytes } => payload.extend_from_slice(bytes),
            Patch::Fill { byte, .. } | Patch::PageFill { byte, .. } => payload.push(byte),
        }
    }

    /// Appends all patches of another batch that holds no wide ones.
    pub fn push_compact(&mut self, batch: BatchView<'_>) {
        let [_, _, payload, _] = batch.columns();
        self.compact.extend_from_slice(batch.compact_entries());
        self.compact_payload.extend_from_slice(payload);
    }

    /// Empties the batch; its memory is kept.
    pub fn clear(&mut self) {
        self.compact.clear();
        self.wide.clear();
        self.compact_payload.clear();
        self.wide_payload.clear();
    }

    /// Tells whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.compact_count() + self.wide_count()
    }

    /// Returns how many compact entries there are.
    #[must_use]
    pub fn compact_count(&self) -> usize {
        self.compact.len()
    }

    /// Returns how many wide entries there are.
    #[must_use]
    pub fn wide_count(&self) -> usize {
        self.wide.len()
    }

    /// Returns how long the payload is, in bytes.
    #[must_use]
    pub fn payload_bytes(&self) -> usize {
        self.compact_payload.len() + self.wide_payload.len()
    }

    /// Returns how long the encoding is, in bytes: entries and payload, nothing between or behind.
    #[must_use]
    pub fn encoded_bytes(&self) -> usize {
        self.compact.as_flattened().len() + self.wide.as_flattened().len() + self.payload_bytes()
    }

    /// Appends the encoding to `into`.
    ///
    /// # Cost
    /// Four copies.
    pub fn encode_into(&self, into: &mut Vec<u8>) {
        self.view().encode_into(into);
    }

    /// Borrows the batch in the form in which a decoder gives it.
    #[inline]
    #[must_use]
    pub fn view(&self) -> BatchView<'_> {
        BatchView::of_columns(&self.compact, &self.wide, &self.compact_payload, &self.wide_payload)
    }

    /// Appends an entry without its payload; the caller adds that before anybody looks.
    #[inline]
    pub(crate) fn push_entry(&mut self, entry: Entry) {
        assert!((1..=PAGE_ID_MAX).contains(&entry.id), "page id {} is out of range", entry.id);
        if entry.is_compact() {
            self.compact.push(entry.to_compact());
        } else {
            self.wide.push(entry.to_wide());
        }
    }

    /// How long the entry columns are now.
    pub(crate) fn mark(&self) -> Mark {
        Mark { compact: self.compact.len(), wide: self.wide.len() }
    }

    /// Drops the entries since `mark`, which have no payload yet.
    pub(crate) fn drop_entries(&mut self, mark: Mark) {
        self.compact.truncate(mark.compact);
        self.wide.truncate(mark.wide);
    }

    /// Adds the payload of the entries since `mark`, none of them whole-page: `bytes` is what the page
    /// holds from `base` on.
    pub(crate) fn add_payload(&mut self, mark: Mark, base: u32, bytes: &[u8]) {
        for &entry in &self.compact[mark.compact..] {
            self.compact_payload.extend_from_slice(payload_of(&Entry::from_compact(entry), base, bytes));
        }
        for entry in &self.wide[mark.wide..] {
            self.wide_payload.extend_from_slice(payload_of(&Entry::from_wide(entry), base, bytes));
        }
    }
}

/// The stored bytes of a run's entry; a fill's run holds its byte everywhere, so at its start too.
#[inline]
fn payload_of<'a>(entry: &Entry, base: u32, bytes: &'a [u8]) -> &'a [u8] {
    let start = (entry.offset - base) as usize;
    &bytes[start..start + entry.payload_bytes() as usize]
}
