//! One short write, kept without memory of its own.
//!
//! Invariant: what it lends is what a batch holds of which [`push_write`](crate::DeltaBatch::push_write) was asked
//! once.

#[cfg(test)]
mod tests;

use std::num::NonZeroU8;

use mmsb_types::{PageId, Span};

use crate::{
    BatchView, Patch, compact_page, compact_span,
    entry::{Compact, Entry},
    short_write,
};

/// A write of up to [`ShortWrite::BYTES_MAX`] bytes that is one compact entry.
///
/// Laid out in whole words: transactions that hold one are moved, and words stored apart from those loaded make the
/// processor wait.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub struct ShortWrite {
    entry: Compact,
    payload: [u8; Self::BYTES_MAX],
    payload_bytes: NonZeroU8,
}

impl ShortWrite {
    /// The longest write, in bytes.
    pub const BYTES_MAX: usize = 40;

    /// Copies a write that the caller has checked to fit its page; `None` if it is longer, or no single entry.
    #[inline]
    #[must_use]
    pub fn new(page: PageId, offset: u32, bytes: &[u8]) -> Option<Self> {
        if bytes.len() > Self::BYTES_MAX {
            return None;
        }
        let (entry, patch) = short_write(page, offset, bytes)?;
        // One byte stands for all where they are the same.
        let payload_bytes = if matches!(patch, Patch::Bytes { .. }) { bytes.len() } else { 1 };
        let payload_bytes = NonZeroU8::new(payload_bytes as u8)?;
        let mut payload = [0; Self::BYTES_MAX];
        // All of it, in any case: a length that the compiler knows is copied in place.
        payload[..bytes.len()].copy_from_slice(bytes);
        Some(Self { entry, payload, payload_bytes })
    }

    /// Returns the page.
    #[inline]
    #[must_use]
    pub fn page(&self) -> PageId {
        compact_page(self.entry)
    }

    /// Returns the bytes of the page that are written.
    #[inline]
    #[must_use]
    pub fn span(&self) -> Span {
        compact_span(self.entry).1
    }

    /// Returns the entry as it is stored.
    #[inline]
    #[must_use]
    pub fn entry(&self) -> [u8; 8] {
        self.entry
    }

    /// Returns the payload as it is stored.
    #[inline]
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload[..usize::from(self.payload_bytes.get())]
    }

    /// Returns the patch that it makes.
    #[inline]
    #[must_use]
    pub fn patch(&self) -> Patch<'_> {
        let (Span { offset, .. }, bytes) = (self.span(), self.payload());
        match Entry::from_compact(self.entry).form {
            0 => Patch::Bytes { offset, bytes },
            _ => Patch::Fill { span: self.span(), byte: self.payload[0] },
        }
    }

    /// Borrows it as a batch.
    #[inline]
    #[must_use]
    pub fn view(&self) -> BatchView<'_> {
        BatchView::of_columns(std::slice::from_ref(&self.entry), &[], self.payload(), &[])
    }
}
