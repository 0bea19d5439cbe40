//! Each broken invariant of a store is told by its own words.

use mmsb_types::{Epoch, PageId};

use super::Ordering;
use crate::{
    PageStore,
    class::SizeClass,
    directory::{Directory, Slot},
    meta,
    stats::Born,
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
        store.table.entry(ONE).unwrap().length().store(50, Ordering::Relaxed);
        store.counts.died(50, SizeClass::of(1));
        store.counts.add(&Born::one(0, SizeClass::of(1)));
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
        assert_eq!(entry.length().load(Ordering::Relaxed), column);
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
    store.counts.add(&Born::one(1, SizeClass::of(1)));
    assert_eq!(store.check()[0].rule, "page/counts");
}
