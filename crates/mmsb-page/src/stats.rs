//! How much memory the pages take, and what it is spent on.

use crate::{
    PageStore,
    class::SizeClass,
    sync::{AtomicU64, Ordering},
};

/// Figures of a store at one moment; while others create and retire, they may disagree by a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// Living pages.
    pub pages: u64,
    /// Their exact lengths together, in bytes.
    pub page_bytes: u64,
    /// Their slots together, in bytes.
    pub slot_bytes: u64,
    /// Freed slots that wait for pages of their size, in bytes.
    pub free_bytes: u64,
    /// What of them was given back to the system, in bytes: it takes no memory.
    pub bare_bytes: u64,
    /// Side columns of the ids that were used, in bytes, but for blocks of ids that are all dead.
    pub table_bytes: u64,
    /// Address space mapped, in bytes; what was never touched takes no memory.
    pub mapped_bytes: u64,
}

impl StoreStats {
    /// Returns the bytes lost to rounding page lengths up to slots.
    #[must_use]
    pub fn waste_bytes(&self) -> u64 {
        self.slot_bytes.saturating_sub(self.page_bytes)
    }

    /// Returns the bytes each living page costs beside its own: rounding and side columns; 0 if none
    /// lives.
    #[must_use]
    pub fn overhead_bytes_per_page(&self) -> f64 {
        if self.pages == 0 { 0.0 } else { (self.waste_bytes() + self.table_bytes) as f64 / self.pages as f64 }
    }
}

impl PageStore {
    /// Returns the store's figures.
    ///
    /// # Cost
    /// A few loads, whatever the number of pages.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        StoreStats {
            free_bytes: self.arena.free_bytes(),
            bare_bytes: self.arena.bare_bytes(),
            table_bytes: self.table.used_bytes(),
            mapped_bytes: self.arena.mapped_bytes() + self.table.mapped_bytes(),
            ..self.counts.stats()
        }
    }
}

/// Running sums over the living pages.
#[derive(Default)]
pub(crate) struct Counts {
    pages: AtomicU64,
    page_bytes: AtomicU64,
    slot_bytes: AtomicU64,
}

/// Pages that were born, to be added to the sums.
#[derive(Default)]
pub(crate) struct Born {
    pages: u64,
    page_bytes: u64,
    slot_bytes: u64,
}

impl Born {
    /// Makes the sums of one page.
    pub(crate) fn one(page_bytes: u32, class: SizeClass) -> Self {
        let mut born = Self::default();
        born.count(page_bytes, class);
        born
    }

    pub(crate) fn count(&mut self, page_bytes: u32, class: SizeClass) {
        self.pages += 1;
        self.page_bytes += u64::from(page_bytes);
        self.slot_bytes += class.bytes() as u64;
    }
}

impl Counts {
    pub(crate) fn pages(&self) -> u64 {
        self.pages.load(Ordering::Relaxed)
    }

    pub(crate) fn slot_bytes(&self) -> u64 {
        self.slot_bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, born: &Born) {
        self.pages.fetch_add(born.pages, Ordering::Relaxed);
        self.page_bytes.fetch_add(born.page_bytes, Ordering::Relaxed);
        self.slot_bytes.fetch_add(born.slot_bytes, Ordering::Relaxed);
    }

    pub(crate) fn died(&self, page_bytes: u32, class: SizeClass) {
        self.pages.fetch_sub(1, Ordering::Relaxed);
        self.page_bytes.fetch_sub(page_bytes.into(), Ordering::Relaxed);
        self.slot_bytes.fetch_sub(class.bytes() as u64, Ordering::Relaxed);
    }

    /// Returns the sums; the other figures are left at zero.
    pub(crate) fn stats(&self) -> StoreStats {
        StoreStats {
            pages: self.pages(),
            page_bytes: self.page_bytes.load(Ordering::Relaxed),
            slot_bytes: self.slot_bytes(),
            ..StoreStats::default()
        }
    }
}
