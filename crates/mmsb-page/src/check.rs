//! Every invariant of a store at rest, checked the slow way.

use mmsb_types::{PageId, Place, Violation};

use crate::{PageStore, StoreStats, class::SizeClass, directory::Slot, meta, sync::Ordering, table::Entry};

/// A slot and whose it is; `None` for a free one.
type Owned = (Slot, Option<PageId>);

impl PageStore {
    /// Checks everything, and returns what is broken; nothing, if all is well.
    ///
    /// The rules: `page/unlocked` (nobody holds a page), `page/length` (a page's slot is the smallest
    /// that holds it), `page/padding-zero` (behind a page's end its slot is zero), `page/slot-cut` (its
    /// slot was cut from a region), `page/slot-overlap` (no two slots share a byte, free ones included),
    /// `page/free-list` (each ends), `page/counts` (the running sums are right).
    ///
    /// Call it while nobody else uses the store; otherwise it may report what is only in motion.
    ///
    /// # Cost
    /// O(n log n) in pages and free slots.
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut owned = Vec::new();
        let mut sums = StoreStats::default();
        for (page, entry) in self.table.entries() {
            let word = entry.meta.load(Ordering::Acquire);
            if meta::owner(word) != 0 {
                let facts = format!("held by owner {}", meta::owner(word));
                found.push(Violation::new("page/unlocked", Place::Page(page), facts));
            }
            if let Some(slot) = entry.directory().slot() {
                owned.push((slot, Some(page)));
                self.check_page(page, entry, slot, &mut sums, &mut found);
            }
        }
        self.check_free(&mut owned, &mut found);
        check_overlaps(owned, &mut found);
        let counted = self.counts.stats();
        if counted != sums {
            let facts = format!("counted {counted:?}, found {sums:?}");
            found.push(Violation::new("page/counts", Place::Whole, facts));
        }
        found
    }

    fn check_page(
        &self,
        page: PageId,
        entry: Entry<'_>,
        slot: Slot,
        sums: &mut StoreStats,
        found: &mut Vec<Violation>,
    ) {
        let page_bytes = entry.length.load(Ordering::Relaxed);
        sums.pages += 1;
        sums.page_bytes += u64::from(page_bytes);
        sums.slot_bytes += slot.class.bytes() as u64;
        let slot_bytes = slot.class.bytes();
        let mut broken = |rule, facts| found.push(Violation::new(rule, Place::Page(page), facts));
        if page_bytes == 0 || page_bytes as usize > slot_bytes || SizeClass::of(page_bytes) != slot.class {
            broken("page/length", format!("{page_bytes} bytes in a slot of {slot_bytes}"));
        } else if !self.arena.has_cut(slot) {
            broken("page/slot-cut", format!("slot at unit {}", slot.unit));
        } else if let Some(at) = self.arena.words(slot).first_nonzero(page_bytes as usize) {
            broken("page/padding-zero", format!("byte {at} of a page of {page_bytes} is not zero"));
        }
    }

    fn check_free(&self, owned: &mut Vec<Owned>, found: &mut Vec<Violation>) {
        let (free, bad) = self.arena.free_slots();
        owned.extend(free.into_iter().map(|slot| (slot, None)));
        for link in bad {
            let facts = format!("slots of {} bytes: a link to unit {}", link.slot_bytes, link.unit);
            found.push(Violation::new("page/free-list", Place::Whole, facts));
        }
    }
}

fn check_overlaps(mut owned: Vec<Owned>, found: &mut Vec<Violation>) {
    owned.sort_unstable_by_key(|(slot, _)| slot.unit);
    for pair in owned.windows(2) {
        let [(low, low_page), (high, high_page)] = [pair[0], pair[1]];
        if low.unit + low.class.units() > high.unit {
            let place = high_page.or(low_page).map_or(Place::Whole, Place::Page);
            let name = |page: Option<PageId>| page.map_or("a free slot".into(), |page| page.to_string());
            let facts = format!("unit {}: of {} and of {}", high.unit, name(low_page), name(high_page));
            found.push(Violation::new("page/slot-overlap", place, facts));
        }
    }
}
