//! Where a page and its bytes come from, from the log alone.

mod bytes;
mod chains;
mod lives;

use std::{ops::RangeBounds, path::Path, sync::Arc};

use mmsb::{Bus, Epoch, Error, PageId, Propagation, WhyHow, vfs::MemoryVfs};

/// Two pages, their sum, and twice the sum; a commit with a tag changes one of the two.
fn make(bus: &Bus) -> [PageId; 4] {
    let [a, b, sum, twice] = [(); 4].map(|()| bus.create_page(None, 8).unwrap());
    bus.derive(sum).from([a, b]).named("sum", 1).add::<u64>().unwrap();
    bus.derive(twice).from([sum, sum]).named("twice", 1).add::<u64>().unwrap();
    let mut tx = bus.begin().label(7).tag("physics");
    tx.put(a, 0, &5u64).unwrap();
    tx.commit().unwrap();
    [a, b, sum, twice]
}

#[track_caller]
fn told(bus: &Bus, page: PageId) -> String {
    bus.why(page).run().unwrap().to_string()
}

#[track_caller]
fn told_of(bus: &Bus, page: PageId, bytes: impl RangeBounds<u32>) -> String {
    bus.provenance(page, bytes).unwrap().to_string()
}

#[test]
fn a_derived_page_comes_from_a_write_two_steps_away() {
    let bus = Bus::in_memory().unwrap();
    let [a, _, _, twice] = make(&bus);
    insta::assert_snapshot!(told(&bus, twice), @"
    page:4 computed from page:3 at e7 label:7 by physics
      page:3 computed from page:1 at e7 label:7 by physics
        page:1 written at e7 label:7 by physics
    ");
    let why = bus.why(twice).run().unwrap();
    assert_eq!((why.depth(), why.left_count, why.steps[2].page), (2, 0, a));
}

#[test]
fn it_is_the_same_after_a_restart_and_for_a_reader_and_as_of_any_epoch() {
    let disk = MemoryVfs::new();
    let open = || Bus::builder().read_on(Arc::new(disk.clone()), Path::new("bus")).unwrap();
    let bus = Bus::builder().create_on(Arc::new(disk.clone()), Path::new("bus")).unwrap();
    let [a, b, sum, twice] = make(&bus);
    bus.put(b, 0, &1u64).unwrap();
    bus.rewind(Epoch::new(7)).unwrap();
    let pages = [a, b, sum, twice];
    let whys = |bus: &Bus| {
        let ask = |epoch| pages.map(|page| bus.why(page).at(Epoch::new(epoch)).run().ok());
        (0..=bus.epoch().get()).map(ask).collect::<Vec<_>>()
    };
    let before = whys(&bus);
    bus.stop().unwrap();
    assert!(whys(&open()) == before);
    let rewound = open().why(twice).run().unwrap();
    assert_eq!(rewound.steps[0].how, WhyHow::Rewound { target: Epoch::new(7) });
    assert_eq!(rewound.steps[1..].len(), open().why(twice).at(Epoch::new(7)).run().unwrap().steps.len());
}

#[test]
fn what_nobody_knows_is_an_error_and_a_long_answer_is_cut() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 8).unwrap();
    assert!(matches!(bus.why(PageId::new(9)).run(), Err(Error::PageNotFound { .. })));
    assert!(matches!(bus.why(page).at(Epoch::new(9)).run(), Err(Error::EpochAhead { .. })));
    assert_eq!(told(&bus, page), "page:1 created at e1");
    let pages: Vec<_> = (0..1100).map(|_| bus.create_page(None, 8).unwrap()).collect();
    bus.put(pages[3], 0, &1u64).unwrap();
    bus.derive(page).from(pages).named("sum", 1).add::<u64>().unwrap();
    let why = bus.why(page).run().unwrap();
    assert_eq!((why.steps.len(), why.left_count, why.depth()), (1000, 101, 1));
    assert!(why.to_string().ends_with("\nand 101 pages more were not looked at"));
}

#[test]
fn a_page_computed_later_was_asked_for_and_what_follows_comes_from_it() {
    let bus = Bus::builder().propagation(Propagation::Deferred).in_memory().unwrap();
    let [a, _, sum, twice] = make(&bus);
    assert_eq!(told(&bus, sum), "page:3 created at e3", "its bytes are as they were");
    bus.propagate().unwrap();
    insta::assert_snapshot!(told(&bus, twice), @"
    page:4 computed from page:3 at e8
      page:3 computed from page:1, page:2 at e8
        page:1 written at e7 label:7 by physics
        page:2 created at e2
    ");
    assert_eq!(told(&bus, a), "page:1 written at e7 label:7 by physics");
}

#[test]
fn a_page_computed_with_its_batch_is_told_by_the_batches_own_commit() {
    let bus = Bus::builder().propagation(Propagation::Batch(1)).in_memory().unwrap();
    let [_, _, _, twice] = make(&bus);
    insta::assert_snapshot!(told(&bus, twice), @"
    page:4 computed from page:3 at e8
      page:3 computed from page:1, page:2 at e8
        page:1 written at e7 label:7 by physics
        page:2 created at e2
    ");
}
