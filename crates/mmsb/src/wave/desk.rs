//! The bytes that a wave works on: of each page the commit changes, computes or computes from, a plain copy as the
//! commit is to leave it.
//!
//! Copies are kept from wave to wave, so that an input that did not change is copied once; each knows the epoch of
//! the page that it is a copy of. Pages are found by their slot in the graph.
//!
//! Invariant: a copy whose wave is the one under way is what the commit leaves, or what the page holds if it does
//! not change it. Between waves a copy's bytes are the page's at the copy's epoch, or its epoch is 0; those of a copy
//! that is trusted are the page's, which changes with waves alone. Between waves copies take at most [`BYTES_MAX`].

use mmsb_graph::Outcome;
use mmsb_page::PageStore;
use mmsb_types::{Epoch, PageId};
use smallvec::SmallVec;

use crate::{Error, derive::Inputs};

/// What copies may take between waves: enough for a sheet of some ten thousand small pages.
const BYTES_MAX: usize = 32 << 20;

/// The copies.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    copies: Vec<Copy>,
    /// The wave under way.
    wave: u64,
    /// Copies that were current in this wave, or one behind it, are current: pages in the graph change with waves alone.
    trusted_from: u64,
    /// Slots of copies that are others than their pages until the commit is published.
    ahead: Vec<u32>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Copy {
    page: u64,
    wave: u64,
    epoch: Epoch,
    bytes: Vec<u8>,
}

impl Desk {
    /// Begins a wave over slots below `slot_bound`.
    pub(crate) fn begin(&mut self, slot_bound: usize) {
        // A panic may have gone through the last wave: what it was to be is forgotten.
        self.forget();
        self.wave += 1;
        if self.copies.len() < slot_bound {
            self.copies.resize_with(slot_bound, Copy::default);
        }
    }

    /// Begins a wave for the sake of comparing: every page is read, whatever was copied before.
    pub(crate) fn begin_anew(&mut self, slot_bound: usize) {
        *self = Self { wave: self.wave, ..Self::default() };
        self.begin(slot_bound);
    }

    /// Sees to it that the page's copy is there.
    ///
    /// # Errors
    /// [`Error::Conflict`]: the page is gone.
    #[inline]
    pub(crate) fn load(&mut self, store: &PageStore, slot: u32, page: PageId) -> Result<(), Error> {
        if self.renew(slot) {
            debug_assert_eq!(self.copies[slot as usize].page, page.get(), "a slot is another page's");
            debug_assert!(self.is_current(store, slot), "{page} has changed without a wave");
            return Ok(());
        }
        let copy = &mut self.copies[slot as usize];
        copy.wave = self.wave;
        let is_current = copy.page == page.get() && store.epoch(page) == Some(copy.epoch);
        if is_current && copy.epoch != Epoch::ZERO {
            return Ok(());
        }
        let before = copy.bytes.capacity();
        copy.page = page.get();
        copy.epoch = store.read_page(page, &mut copy.bytes).map_err(|_| Error::Conflict { page })?;
        self.bytes = self.bytes + copy.bytes.capacity() - before;
        Ok(())
    }

    /// Tells whether the copy is known to be there, and current, without a look at its page.
    #[inline]
    pub(crate) fn renew(&mut self, slot: u32) -> bool {
        let copy = &mut self.copies[slot as usize];
        if copy.wave != self.wave && (copy.wave < self.trusted_from || copy.epoch == Epoch::ZERO) {
            return false;
        }
        copy.wave = self.wave;
        true
    }

    /// Has every copy compared with its page before it is used again: pages have changed without a wave, or have come
    /// into the graph, left it, or changed their slots.
    pub(crate) fn doubt(&mut self) {
        self.trusted_from = self.wave + 1;
    }

    /// Tells whether a copy is its page's, or ahead of it. The page's epoch does not matter: it may have been written,
    /// and be what it was.
    fn is_current(&self, store: &PageStore, slot: u32) -> bool {
        let (copy, mut bytes) = (&self.copies[slot as usize], Vec::new());
        self.ahead.contains(&slot)
            || (store.read_page(PageId::new(copy.page), &mut bytes).is_ok() && bytes == copy.bytes)
    }

    /// Makes the copy of a page that the commit creates: zeros.
    pub(crate) fn load_born(&mut self, slot: u32, page: PageId, page_bytes: u32) {
        let copy = &mut self.copies[slot as usize];
        let before = copy.bytes.capacity();
        (copy.page, copy.wave) = (page.get(), self.wave);
        copy.bytes.clear();
        copy.bytes.resize(page_bytes as usize, 0);
        self.bytes = self.bytes + copy.bytes.capacity() - before;
        self.ahead.push(slot);
    }

    /// Returns the bytes of a copy that is there.
    #[inline]
    pub(crate) fn bytes(&self, slot: u32) -> &[u8] {
        &self.copies[slot as usize].bytes
    }

    /// Makes the copy what `made`, which is as long, is; does nothing if they are equal.
    #[inline]
    pub(crate) fn replace(&mut self, slot: u32, made: &[u8]) -> Outcome {
        if self.bytes(slot) == made {
            return Outcome::Equal;
        }
        self.put(slot, made);
        Outcome::Changed
    }

    /// Makes the copy what `made`, which is as long, is.
    #[inline]
    pub(crate) fn put(&mut self, slot: u32, made: &[u8]) {
        self.copies[slot as usize].bytes.copy_from_slice(made);
        self.ahead.push(slot);
    }

    /// Calls `work` with the copies in these slots, which are there.
    #[inline]
    pub(crate) fn with_inputs<R>(&self, slots: &[u32], work: impl FnOnce(&Inputs<'_>) -> R) -> R {
        // One input or two are the most common, and collecting takes longer than many a function.
        match *slots {
            [one] => work(&Inputs::new(&[self.bytes(one)])),
            [one, other] => work(&Inputs::new(&[self.bytes(one), self.bytes(other)])),
            _ => {
                let pages: SmallVec<[&[u8]; 8]> = slots.iter().map(|&slot| self.bytes(slot)).collect();
                work(&Inputs::new(&pages))
            }
        }
    }

    /// Ends a wave whose commit was published: the copies are the pages again.
    pub(crate) fn publish(&mut self, store: &PageStore) {
        for slot in self.ahead.drain(..) {
            let copy = &mut self.copies[slot as usize];
            copy.epoch = store.epoch(PageId::new(copy.page)).unwrap_or(Epoch::ZERO);
        }
        self.shrink();
    }

    /// Ends a wave that came to nothing: what was to be is forgotten.
    pub(crate) fn forget(&mut self) {
        for slot in self.ahead.drain(..) {
            self.copies[slot as usize].epoch = Epoch::ZERO;
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        if self.bytes > BYTES_MAX {
            (self.copies, self.bytes) = (Vec::new(), 0);
        }
    }
}
