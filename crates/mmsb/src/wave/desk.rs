//! The bytes that a wave works on: of each page the commit changes, computes or computes from, a plain copy as the
//! commit is to leave it.
//!
//! Copies are kept from wave to wave, so that an input that did not change is copied once; each knows the epoch of
//! the page that it is a copy of. Pages are found by their slot in the graph.
//!
//! Invariant: a copy whose wave is the one under way is what the commit leaves, or what the page holds if it does
//! not change it. Between waves a copy's bytes are the page's at the copy's epoch, or its epoch is 0. Between waves
//! copies take at most [`BYTES_MAX`].

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

    /// Sees to it that the page's copy is there.
    ///
    /// # Errors
    /// [`Error::Conflict`]: the page is gone.
    #[inline]
    pub(crate) fn load(&mut self, store: &PageStore, slot: u32, page: PageId) -> Result<(), Error> {
        let copy = &mut self.copies[slot as usize];
        if copy.wave == self.wave && copy.page == page.get() {
            return Ok(());
        }
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
        let copy = &mut self.copies[slot as usize];
        if copy.bytes == made {
            return Outcome::Equal;
        }
        copy.bytes.copy_from_slice(made);
        self.ahead.push(slot);
        Outcome::Changed
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
