//! The bytes of an entry, compact and wide.
//!
//! A compact entry is two little-endian words: `id:30 | form:2`, the id in the low bits, and
//! `offset:20 | length:12`, the offset in the low bits. A wide one is `id: u64`, `offset: u32`,
//! `length: u32`, `form: u32` and four zero bytes. A whole-page patch has length 0 and keeps the
//! page's length in the offset field, so that an entry tells all about itself.
//!
//! Invariant: each patch has one encoding, the compact one if it fits.

use mmsb_types::{
    PageId, Span,
    limits::{COMPACT_ID_MAX, COMPACT_LEN_MAX, COMPACT_OFFSET_MAX, PAGE_BYTES_MAX, PAGE_ID_MAX},
};

use crate::{
    EntryFault, Form, Patch,
    short::{FILL_ABOVE_BYTES, LONG_BYTES, OFFSET_MAX as SHORT_OFFSET_MAX, is_one_byte, may_be_one_byte},
};

/// A compact entry as stored.
pub(crate) type Compact = [u8; 8];
/// A wide entry as stored.
pub(crate) type Wide = [u8; 24];

const ID_BITS: u32 = 30;
const OFFSET_BITS: u32 = 20;
const _: () = assert!(COMPACT_ID_MAX == (1 << ID_BITS) - 1);
const _: () = assert!(COMPACT_OFFSET_MAX == (1 << OFFSET_BITS) - 1);
const _: () = assert!(COMPACT_LEN_MAX == (1 << (32 - OFFSET_BITS)) - 1);

/// The fields of an entry, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub id: u64,
    pub form: u32,
    pub offset: u32,
    pub length: u32,
}

impl Entry {
    #[inline]
    pub fn of(page: PageId, patch: &Patch<'_>) -> Self {
        let span = patch.span();
        let (offset, length) = if patch.is_whole() { (span.len, 0) } else { (span.offset, span.len) };
        Self { id: page.get(), form: patch.form() as u32, offset, length }
    }

    /// The entry of a run that is not stored as a whole page.
    #[inline]
    pub fn run(page: PageId, form: Form, run: Span) -> Self {
        Self { id: page.get(), form: form as u32, offset: run.offset, length: run.len }
    }

    #[inline]
    pub fn from_compact(bytes: Compact) -> Self {
        let word = u64::from_le_bytes(bytes);
        let (low, high) = (word as u32, (word >> 32) as u32);
        Self {
            id: u64::from(low) & COMPACT_ID_MAX,
            form: low >> ID_BITS,
            offset: high & COMPACT_OFFSET_MAX,
            length: high >> OFFSET_BITS,
        }
    }

    #[inline]
    pub fn from_wide(bytes: &Wide) -> Self {
        Self {
            id: u64::from(word(bytes, 0)) | u64::from(word(bytes, 4)) << 32,
            offset: word(bytes, 8),
            length: word(bytes, 12),
            form: word(bytes, 16),
        }
    }

    /// Tells whether every field fits its bits of a compact entry.
    #[inline]
    pub fn is_compact(&self) -> bool {
        self.id <= COMPACT_ID_MAX && self.offset <= COMPACT_OFFSET_MAX && self.length <= COMPACT_LEN_MAX
    }

    /// The compact form of an entry for which [`Entry::is_compact`] holds.
    #[inline]
    pub fn to_compact(self) -> Compact {
        let low = self.id as u32 | self.form << ID_BITS;
        let high = self.offset | self.length << OFFSET_BITS;
        (u64::from(low) | u64::from(high) << 32).to_le_bytes()
    }

    #[inline]
    pub fn to_wide(self) -> Wide {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.id.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.offset.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.length.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.form.to_le_bytes());
        bytes
    }

    /// How many payload bytes belong to the entry.
    #[inline]
    pub fn payload_bytes(&self) -> u32 {
        match self.form {
            1 => 1,
            2 => self.offset,
            _ => self.length,
        }
    }

    /// The bytes of the page that the entry is about.
    #[inline]
    pub fn span(&self) -> Span {
        if self.length == 0 { Span::new(0, self.offset) } else { Span::new(self.offset, self.length) }
    }

    /// Checks what holds for compact and wide entries alike.
    #[inline]
    pub fn check(&self) -> Result<(), EntryFault> {
        let Some(form) = Form::from_number(self.form) else {
            return Err(EntryFault::Form { form: self.form });
        };
        if self.id == 0 || self.id > PAGE_ID_MAX {
            return Err(EntryFault::PageId { id: self.id });
        }
        let whole = self.length == 0;
        let goes_with = match form {
            Form::Bytes => !whole,
            Form::Fill => !whole || self.offset > 0,
            Form::Page => whole && self.offset > 0,
        };
        if !goes_with {
            return Err(EntryFault::Length { form, length: self.length });
        }
        let span = self.span();
        if span.fits(PAGE_BYTES_MAX) { Ok(()) } else { Err(EntryFault::Span { span }) }
    }

    /// Checks a wide entry: the common rules, the zero bytes, and that it had to be wide.
    pub fn check_wide(bytes: &Wide) -> Result<Self, EntryFault> {
        let (entry, value) = (Self::from_wide(bytes), word(bytes, 20));
        entry.check()?;
        if value != 0 {
            return Err(EntryFault::Reserved { value });
        }
        if entry.is_compact() { Err(EntryFault::NeedlesslyWide) } else { Ok(entry) }
    }

    /// The patch that the entry and its payload make; `None` only if the entry was never checked.
    #[inline]
    pub fn patch<'a>(&self, payload: &'a [u8]) -> Option<Patch<'a>> {
        Some(match (self.form, self.length) {
            (0, _) => Patch::Bytes { offset: self.offset, bytes: payload },
            (1, 0) => Patch::PageFill { page_bytes: self.offset, byte: *payload.first()? },
            (1, _) => Patch::Fill { span: Span::new(self.offset, self.length), byte: *payload.first()? },
            _ => Patch::Page { bytes: payload },
        })
    }
}

/// Returns how many payload bytes the compact entry stored in `bytes` needs, if it is a valid one.
#[must_use]
pub fn compact_payload_bytes(bytes: [u8; 8]) -> Option<u32> {
    let entry = Entry::from_compact(bytes);
    entry.check().is_ok().then(|| entry.payload_bytes())
}

/// Returns the page of a compact entry that a batch holds.
#[inline]
#[must_use]
pub fn compact_page(bytes: [u8; 8]) -> PageId {
    PageId::new(Entry::from_compact(bytes).id)
}

/// Returns page and run of a compact entry that a batch holds.
#[inline]
#[must_use]
pub fn compact_span(bytes: [u8; 8]) -> (PageId, Span) {
    let entry = Entry::from_compact(bytes);
    (PageId::new(entry.id), entry.span())
}

/// Returns page and run of a compact entry that a batch holds if the payload has all bytes of the run: it is no fill
/// and no whole page.
#[inline]
#[must_use]
pub fn compact_run(bytes: [u8; 8]) -> Option<(PageId, Span)> {
    let entry = Entry::from_compact(bytes);
    (entry.form == Form::Bytes as u32).then(|| (PageId::new(entry.id), Span::new(entry.offset, entry.length)))
}

/// Returns what a compact entry that a batch holds makes of the payload that begins with its own, and the payload behind;
/// `None` only if no batch held the two.
#[inline]
#[must_use]
pub fn compact_patch(bytes: [u8; 8], payload: &[u8]) -> Option<(PageId, Patch<'_>, &[u8])> {
    let entry = Entry::from_compact(bytes);
    let (own, behind) = payload.split_at_checked(entry.payload_bytes() as usize)?;
    Some((PageId::new(entry.id), entry.patch(own)?, behind))
}

/// Returns the compact entry of a write and the patch that it makes, as [`DeltaBatch::push_write`] stores it; `None`
/// if that is no single entry, or is not told in a few steps.
///
/// [`DeltaBatch::push_write`]: crate::DeltaBatch::push_write
#[inline]
#[must_use]
pub fn short_write(page: PageId, offset: u32, bytes: &[u8]) -> Option<([u8; 8], Patch<'_>)> {
    let is_page = page.get().wrapping_sub(1) < COMPACT_ID_MAX;
    if !is_page || bytes.len() >= LONG_BYTES || offset > SHORT_OFFSET_MAX || bytes.is_empty() {
        return None;
    }
    let span = Span::new(offset, bytes.len() as u32);
    let patch = if bytes.len() > FILL_ABOVE_BYTES && may_be_one_byte(bytes) && is_one_byte(bytes) {
        Patch::Fill { span, byte: bytes[0] }
    } else {
        Patch::Bytes { offset, bytes }
    };
    Some((Entry::run(page, patch.form(), span).to_compact(), patch))
}

/// The little-endian word at a fixed place of a wide entry.
#[inline]
fn word(bytes: &Wide, at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
