//! One short write to a page, kept in place: most pages of most transactions get no more.
//!
//! Invariant: a run is never empty.

use mmsb_delta::Delta;
use mmsb_types::Span;

/// As many bytes as fit where a delta would be.
pub(super) const SHORT_BYTES_MAX: usize = 56;

/// A run of 1 to [`SHORT_BYTES_MAX`] bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShortRun {
    offset: u32,
    len: u8,
    bytes: [u8; SHORT_BYTES_MAX],
}

// The largest thing in a transaction is its list of pages.
const _: () = assert!(size_of::<ShortRun>() <= size_of::<Delta>());

impl ShortRun {
    /// Keeps the bytes; `None` if there are none, or too many.
    pub(super) fn of(offset: u32, bytes: &[u8]) -> Option<Self> {
        let len = u8::try_from(bytes.len()).ok().filter(|len| *len > 0)?;
        let mut run = Self { offset, len, bytes: [0; SHORT_BYTES_MAX] };
        run.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(run)
    }

    pub(crate) fn offset(&self) -> u32 {
        self.offset
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Lays the run over bytes read from `offset`.
    pub(super) fn read_over(&self, offset: u32, window: &mut [u8]) {
        let from = u64::from(offset);
        let run = Span::new(self.offset, u32::from(self.len));
        let (start, end) = (from.max(u64::from(run.offset)), run.end().min(from + window.len() as u64));
        if start < end {
            let theirs = &self.bytes()[(start - u64::from(run.offset)) as usize..][..(end - start) as usize];
            window[(start - from) as usize..][..theirs.len()].copy_from_slice(theirs);
        }
    }

    /// Makes a delta of it, for a page that is written to again.
    pub(super) fn to_delta(self) -> Delta {
        let mut delta = Delta::with_capacity(2, 2 * usize::from(self.len));
        delta.overwrite(self.offset, self.bytes());
        delta
    }
}
