//! One short write, kept without memory of its own.
//!
//! Invariant: what it lends is what a batch holds of which [`push_write`](crate::DeltaBatch::push_write) was asked
//! once.

use mmsb_types::PageId;

use crate::{BatchView, Patch, entry::Compact, short_write};

/// A write of up to [`ShortWrite::BYTES_MAX`] bytes that is one compact entry.
#[derive(Clone, Copy, Debug)]
pub struct ShortWrite {
    entry: Compact,
    payload_bytes: u8,
    payload: [u8; Self::BYTES_MAX],
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
        let mut payload = [0; Self::BYTES_MAX];
        // All of it, in any case: a length that the compiler knows is copied in place.
        payload[..bytes.len()].copy_from_slice(bytes);
        Some(Self { entry, payload_bytes: payload_bytes as u8, payload })
    }

    /// Borrows it as a batch.
    #[inline]
    #[must_use]
    pub fn view(&self) -> BatchView<'_> {
        let payload = &self.payload[..usize::from(self.payload_bytes)];
        BatchView::of_columns(std::slice::from_ref(&self.entry), &[], payload, &[])
    }
}

#[cfg(test)]
mod tests {
    use mmsb_types::PageId;

    use super::ShortWrite;
    use crate::DeltaBatch;

    #[test]
    fn a_short_write_is_what_a_batch_holds_of_it() {
        for bytes in
            [&b"a"[..], b"ab", b"aaaa", b"a vector of 32 bytes, some of it", &[7; 40], &[1, 2].repeat(20)]
        {
            let (mut batch, mut copy) = (DeltaBatch::default(), DeltaBatch::default());
            assert!(batch.push_write(PageId::new(9), 77, bytes));
            let short = ShortWrite::new(PageId::new(9), 77, bytes).unwrap();
            assert_eq!(short.view(), batch.view(), "{bytes:?}");
            copy.push_compact(short.view());
            assert_eq!(copy, batch, "{bytes:?}");
        }
        for (page, offset, len) in [(9, 77, 0), (9, 77, 41), (9, 1 << 20, 8), (1 << 30, 77, 8)] {
            assert!(ShortWrite::new(PageId::new(page), offset, &vec![5; len]).is_none());
        }
    }
}
