//! Asking for memory before it is needed: hints, never loads.
//!
//! Invariant: nothing here can fail, wait or fault, whatever the id, the offset and the page's state; a
//! hint for what does not live is no hint.

use mmsb_types::PageId;

use crate::{PageStore, class::UNIT_BYTES};

/// Bytes that one hint brings.
const LINE_BYTES: usize = 64;

// A slot begins with a line, so a page's lines are its slot's.
const _: () = assert!(UNIT_BYTES.is_multiple_of(LINE_BYTES));

impl PageStore {
    /// Asks for the words that [`PageStore::prefetch_bytes`], a lock or a read of the page look at first.
    ///
    /// # Cost
    /// About a nanosecond; waits for nothing.
    #[inline]
    pub fn prefetch(&self, page: PageId) {
        if let Some(entry) = self.table.entry(page) {
            line(std::ptr::from_ref(entry.hot).cast());
        }
    }

    /// Asks for the words that a lock changes, to be this processor's alone.
    #[inline]
    pub(crate) fn prefetch_lock(&self, page: PageId) {
        if let Some(entry) = self.table.entry(page) {
            own_line(std::ptr::from_ref(entry.hot).cast());
        }
    }

    /// Asks for the head of the page's pre-images.
    #[inline]
    pub(crate) fn prefetch_chain(&self, page: PageId) {
        if let Some(entry) = self.table.entry(page) {
            own_line(std::ptr::from_ref(entry.ver()).cast());
        }
    }

    /// Returns the page's length and asks for the lines that a change of `len` bytes at `offset` will touch;
    /// `None` if no such page lives.
    ///
    /// If the page dies meanwhile the length may be that of its id's next life: who goes by it to change the
    /// page is told under the lock, who goes by it to refuse something asks [`PageStore::page_bytes`] first.
    ///
    /// # Cost
    /// A look at the page's own words; nothing waits for the lines.
    #[inline]
    #[must_use]
    pub fn approach(&self, page: PageId, offset: u32, len: usize) -> Option<u32> {
        let entry = self.table.entry(page)?;
        let directory = entry.directory();
        let slot = directory.slot()?;
        lines(slot.start().as_ptr(), offset, len);
        Some(entry.page_bytes(directory, slot))
    }

    /// Asks for the first and the last cache line of `len` bytes from `offset` on: all that a short write
    /// touches. No hint is given if no such page lives.
    ///
    /// # Cost
    /// About two nanoseconds, and whatever a look at the page's own words takes: ask for those with
    /// [`PageStore::prefetch`], some pages ahead.
    #[inline]
    pub fn prefetch_bytes(&self, page: PageId, offset: u32, len: usize) {
        let Some(entry) = self.table.entry(page) else { return };
        if let Some(slot) = entry.directory().slot() {
            lines(slot.start().as_ptr(), offset, len);
        }
    }
}

/// Asks for all lines of a value that is about to be changed, or for the first ones of a long one: for what another
/// thread changed last, and who needs it soon.
///
/// # Cost
/// About a nanosecond a line; waits for nothing.
#[inline]
pub fn prefetch_own<T: ?Sized>(value: &T) {
    own_all_lines(std::ptr::from_ref(value).cast(), size_of_val(value));
}

/// Asks for the first and the last line of a range. Any address will do: one outside the page is never read.
#[inline]
pub(crate) fn lines(start: *const u8, offset: u32, len: usize) {
    let first = start.wrapping_add(offset as usize);
    line(first);
    // To ask whether this is another line costs more than to ask for it twice.
    line(first.wrapping_add(len.saturating_sub(1)));
}

/// Most bytes that are asked for at once: more than the processor can wait for at a time.
const ALL_BYTES_MAX: usize = 2048;

/// Asks for every line of a range, or for the first ones of a long range; any address will do, as above.
#[inline]
pub(crate) fn all_lines(start: *const u8, len: usize) {
    (0..len.min(ALL_BYTES_MAX)).step_by(LINE_BYTES).for_each(|offset| line(start.wrapping_add(offset)));
}

/// As [`all_lines`], the lines to be changed.
#[inline]
pub(crate) fn own_all_lines(start: *const u8, len: usize) {
    (0..len.min(ALL_BYTES_MAX)).step_by(LINE_BYTES).for_each(|offset| own_line(start.wrapping_add(offset)));
}

/// Asks for the cache line that holds the address.
#[cfg(all(target_arch = "x86_64", not(miri), not(loom)))]
#[inline]
fn line(at: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a prefetch is a hint to the processor: it reads nothing the program can see, and never
    // faults, whatever the address. SSE is part of every x86-64.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) };
}

/// Asks for the cache line that holds the address, to be changed.
#[cfg(all(target_arch = "x86_64", not(miri), not(loom)))]
#[inline]
fn own_line(at: *const u8) {
    // SAFETY: a hint, as above; the 64-bit processors that do not know it pass over it. (The intrinsic becomes the
    // other hint, unless the build names the feature.)
    unsafe { std::arch::asm!("prefetchw [{}]", in(reg) at, options(nostack, preserves_flags)) };
}

/// Asks for nothing, as below.
#[cfg(not(all(target_arch = "x86_64", not(miri), not(loom))))]
#[inline]
fn own_line(at: *const u8) {
    line(at);
}

/// Asks for nothing: where there is no such hint, or every access is modelled.
#[cfg(not(all(target_arch = "x86_64", not(miri), not(loom))))]
#[inline]
fn line(_at: *const u8) {}
