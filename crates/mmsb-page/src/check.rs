//! Every invariant of a store at rest, checked the slow way.

#[cfg(test)]
mod tests;

use mmsb_types::{PageId, Place, Violation};

use crate::{
    PageStore, StoreStats, arena::spare::inside, class::SizeClass, directory::Slot, meta, sync::Ordering,
    table::Entry,
};

/// A slot and whose it is; `None` for a free one.
type Owned = (Slot, Option<PageId>);

impl PageStore {
    /// Checks everything, and returns what is broken; nothing, if all is well.
    ///
    /// The rules: `page/unlocked` (nobody holds a page), `page/length` (a page's slot is the smallest
    /// that holds it), `page/exact` (the directory tells of just those pages that fill their slot),
    /// `page/padding-zero` (behind a page's end its slot is zero), `page/slot-cut` (its
    /// slot was cut from a region), `page/slot-overlap` (no two slots share a byte, free ones included),
    /// `page/slot-lost` (every slot is a page's or free), `page/free-list` (each ends), `page/bare-zero` (what
    /// was given back of free slots is zero), `page/counts` (the running sums are right) `page/block-count` (the
    /// table knows which ids are in use); `page/chain-link`, `page/chain-order`, `page/chunk-lost` (pre-images; see
    /// `preimage/check.rs`).
    ///
    /// Call it while nobody else uses the store and no page is being prepared; otherwise it may report
    /// what is only in motion.
    ///
    /// # Cost
    /// O(n log n) in pages and free slots.
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut owned = Vec::new();
        let mut sums = StoreStats::default();
        for (page, entry) in self.table.entries() {
            let word = entry.meta().load(Ordering::Acquire);
            if meta::owner(word) != 0 {
                let facts = format!("held by owner {}", meta::owner(word));
                found.push(Violation::new("page/unlocked", Place::Page(page), facts));
            }
            let directory = entry.directory();
            if let Some(slot) = directory.slot() {
                owned.push((slot, Some(page)));
                sums.pages += 1;
                sums.page_bytes += u64::from(told_bytes(entry, directory.is_exact(), slot));
                sums.slot_bytes += slot.class.bytes() as u64;
                found.extend(self.check_page(page, entry, directory.is_exact(), slot));
            }
        }
        self.check_free(&mut owned, &mut sums, &mut found);
        let owned_bytes: u64 = owned.iter().map(|(slot, _)| slot.class.bytes() as u64).sum();
        if owned_bytes < self.arena.issued_bytes() {
            let facts = format!("{} bytes are nobody's", self.arena.issued_bytes() - owned_bytes);
            found.push(Violation::new("page/slot-lost", Place::Whole, facts));
        }
        sums.free_bytes = owned_bytes - sums.slot_bytes;
        self.check_overlaps(owned, &mut found);
        let counted = StoreStats {
            free_bytes: self.arena.free_bytes(),
            bare_bytes: self.arena.bare_bytes(),
            ..self.counts.stats()
        };
        if counted != sums {
            let facts = format!("counted {counted:?}, found {sums:?}");
            found.push(Violation::new("page/counts", Place::Whole, facts));
        }
        found.extend(self.check_blocks());
        found.extend(self.check_preimages());
        found
    }

    fn check_page(&self, page: PageId, entry: Entry<'_>, is_exact: bool, slot: Slot) -> Option<Violation> {
        let (page_bytes, slot_bytes) = (told_bytes(entry, is_exact, slot), slot.class.bytes());
        let broken = |rule, facts| Some(Violation::new(rule, Place::Page(page), facts));
        if page_bytes == 0 || page_bytes as usize > slot_bytes || SizeClass::of(page_bytes) != slot.class {
            broken("page/length", format!("{page_bytes} bytes in a slot of {slot_bytes}"))
        } else if is_exact != (page_bytes as usize == slot_bytes) {
            broken("page/exact", format!("{page_bytes} bytes in a slot of {slot_bytes}: exact is {is_exact}"))
        } else if !self.arena.has_cut(slot.address(), slot.class) {
            broken("page/slot-cut", format!("slot at {:#x}", slot.address()))
        } else {
            let at = self.arena.words(slot).first_nonzero(page_bytes as usize)?;
            broken("page/padding-zero", format!("byte {at} of a page of {page_bytes} is not zero"))
        }
    }

    fn check_free(&self, owned: &mut Vec<Owned>, sums: &mut StoreStats, found: &mut Vec<Violation>) {
        let free = self.arena.free_slots();
        for slot in &free.bare {
            if let Some(at) = self.arena.first_nonzero_inside(*slot) {
                let facts = format!("byte {at} of the bare slot at {:#x} is not zero", slot.address());
                found.push(Violation::new("page/bare-zero", Place::Whole, facts));
            }
        }
        sums.bare_bytes =
            free.bare.iter().map(|slot| inside(*slot)).map(|inside| inside.end - inside.start).sum();
        owned.extend(free.spare.into_iter().chain(free.bare).map(|slot| (slot, None)));
        for link in free.bad {
            let facts = format!("slots of {} bytes: a link to {:#x}", link.slot_bytes, link.address);
            found.push(Violation::new("page/free-list", Place::Whole, facts));
        }
    }

    fn check_overlaps(&self, mut owned: Vec<Owned>, found: &mut Vec<Violation>) {
        owned.sort_unstable_by_key(|(slot, _)| slot.address());
        for pair in owned.windows(2) {
            let [(low, low_page), (high, high_page)] = [pair[0], pair[1]];
            if low.address() + low.class.bytes() as u64 > high.address() {
                let place = high_page.or(low_page).map_or(Place::Whole, Place::Page);
                let name = |page: Option<PageId>| page.map_or("a free slot".into(), |page| page.to_string());
                let unit = self.arena.unit(high.address()).unwrap_or(u64::MAX);
                let facts = format!("unit {unit}: of {} and of {}", name(low_page), name(high_page));
                found.push(Violation::new("page/slot-overlap", place, facts));
            }
        }
    }
}

/// Returns a page's length as its column tells it, where 0 stands for that of the slot.
fn told_bytes(entry: Entry<'_>, is_exact: bool, slot: Slot) -> u32 {
    match entry.length().load(Ordering::Relaxed) {
        0 if is_exact => slot.class.bytes() as u32,
        length => length,
    }
}
