//! Every invariant of a store at rest, checked the slow way.

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
    match entry.length.load(Ordering::Relaxed) {
        0 if is_exact => slot.class.bytes() as u32,
        length => length,
    }
}

#[cfg(test)]
mod tests {
    use mmsb_types::{Epoch, PageId};

    use super::Ordering;
    use crate::{
        PageStore,
        class::SizeClass,
        directory::{Directory, Slot},
        meta,
    };

    const ONE: PageId = PageId::new(1);
    const TWO: PageId = PageId::new(2);

    /// Makes two sound pages of 100 bytes, breaks something, and compares what the check says.
    #[track_caller]
    fn check(spoil: impl FnOnce(&PageStore), expect: &[&str]) {
        let store = PageStore::new();
        for page in [ONE, TWO] {
            store.prepare(page, 100).unwrap().publish(Epoch::new(1));
        }
        assert_eq!(store.check(), []);
        spoil(&store);
        let found: Vec<String> = store.check().iter().map(ToString::to_string).collect();
        assert_eq!(found, expect);
    }

    fn slot(store: &PageStore, page: PageId) -> Slot {
        store.table.entry(page).unwrap().directory().slot().unwrap()
    }

    fn place(store: &PageStore, page: PageId, slot: Slot) {
        store.table.entry(page).unwrap().hot.word.store(Directory::default().live(slot, 100));
    }

    #[test]
    fn a_held_page_is_found() {
        let word = meta::locked(meta::unlocked(Epoch::new(1)), 9);
        check(
            |store| store.table.entry(TWO).unwrap().hot.meta.store(word, Ordering::Relaxed),
            &["page/unlocked at page:2: held by owner 9"],
        );
    }

    #[test]
    fn a_byte_in_the_padding_is_found() {
        check(
            |store| store.arena.words(slot(store, TWO)).store(101, &[7]),
            &["page/padding-zero at page:2: byte 101 of a page of 100 is not zero"],
        );
    }

    #[test]
    fn a_length_of_another_class_is_found() {
        let shorten = |store: &PageStore| {
            store.table.entry(ONE).unwrap().length.store(50, Ordering::Relaxed);
            store.counts.died(50, SizeClass::of(1));
            store.counts.born(0, SizeClass::of(1));
        };
        check(shorten, &["page/length at page:1: 50 bytes in a slot of 128"]);
    }

    #[test]
    fn a_page_that_seems_to_fill_its_slot_is_found() {
        let spoil = |store: &PageStore| {
            let word = Directory::default().live(slot(store, TWO), 128);
            store.table.entry(TWO).unwrap().hot.word.store(word);
        };
        check(spoil, &["page/exact at page:2: 100 bytes in a slot of 128: exact is true"]);
    }

    #[test]
    fn only_a_page_that_leaves_a_rest_of_its_slot_has_its_length_in_the_column() {
        let store = PageStore::new();
        let committer = store.committers().acquire(std::time::Duration::ZERO).unwrap();
        for (epoch, page_bytes, column) in [(1, 128, 0), (3, 100, 100), (5, 128, 0), (7, 99, 99)] {
            store.prepare(ONE, page_bytes).unwrap().publish(Epoch::new(epoch));
            let entry = store.table.entry(ONE).unwrap();
            assert_eq!(entry.length.load(Ordering::Relaxed), column);
            assert_eq!(store.page_bytes(ONE).unwrap(), page_bytes);
            assert_eq!((store.stats().page_bytes, store.check().len()), (u64::from(page_bytes), 0));
            store.lock_wait(ONE, &committer).unwrap().into_writer().retire(Epoch::new(epoch + 1));
        }
    }

    #[test]
    fn a_slot_of_two_pages_is_found() {
        check(
            |store| place(store, TWO, slot(store, ONE)),
            &["page/slot-overlap at page:2: unit 0: of page:1 and of page:2"],
        );
    }

    #[test]
    fn a_free_slot_that_a_page_owns_is_found() {
        let free = |store: &PageStore| {
            let slot = slot(store, TWO);
            store.arena.free(slot, store.arena.words(slot));
        };
        check(free, &["page/slot-overlap at page:2: unit 2: of page:2 and of a free slot"]);
    }

    #[test]
    fn a_slot_never_cut_is_found() {
        let class = SizeClass::of(100);
        // SAFETY: not kept, on purpose: who checks compares the address, and finds that there is nothing.
        let nowhere = unsafe { Slot::new(0x40, class) };
        check(|store| place(store, TWO, nowhere), &["page/slot-cut at page:2: slot at 0x40"]);
    }

    #[test]
    fn a_slot_that_is_nobodys_is_found() {
        check(
            |store| drop(store.arena.allocate(SizeClass::of(100))),
            &["page/slot-lost at the whole: 128 bytes are nobody's"],
        );
    }

    #[test]
    fn a_free_list_that_leads_astray_is_found() {
        let spoil = |store: &PageStore| {
            drop(store.prepare(PageId::new(3), 100).unwrap());
            let free = store.arena.free_slots();
            store.arena.words(free.spare[0]).first().store(1 << 20, Ordering::Relaxed);
        };
        check(spoil, &["page/free-list at the whole: slots of 128 bytes: a link to 0x100000"]);
    }

    #[test]
    fn a_wrong_sum_is_found() {
        let store = PageStore::new();
        store.counts.born(1, SizeClass::of(1));
        assert_eq!(store.check()[0].rule, "page/counts");
    }
}
