//! What rewinds, deletions, compaction and branches make of where bytes come from.

use std::{path::Path, sync::Arc};

use mmsb::{Bus, Epoch, Error, PageId, Retention, WhyHow, vfs::MemoryVfs};

use super::told_of;

fn on_disk() -> (MemoryVfs, Bus) {
    let disk = MemoryVfs::new();
    let bus =
        Bus::builder().segment_bytes(64 << 10).create_on(Arc::new(disk.clone()), Path::new("bus")).unwrap();
    (disk, bus)
}

/// A page of 16 bytes that is written twice; the second write is taken back.
fn rewound(bus: &Bus) -> PageId {
    let page = bus.create_page(None, 16).unwrap();
    bus.write(page, 0, [1; 8]).unwrap();
    bus.write(page, 4, [2; 8]).unwrap();
    bus.rewind(Epoch::new(2)).unwrap();
    page
}

#[test]
fn what_was_taken_back_comes_from_where_it_was_then() {
    let bus = Bus::in_memory().unwrap();
    let page = rewound(&bus);
    insta::assert_snapshot!(told_of(&bus, page, ..), @"
    page:1 4+8 taken back to e2 at e4 by rewind
    page:1 0+4 written at e2
    page:1 12+4 created at e1
      page:1 4+4 written at e2
      page:1 8+4 created at e1
    ");
    insta::assert_snapshot!(bus.why(page).run().unwrap(), @"
    page:1 taken back to e2 at e4 by rewind
      page:1 written at e2
    ");
}

#[test]
fn a_page_that_a_rewind_brings_back_has_all_its_bytes_from_there() {
    let (disk, bus) = on_disk();
    let page = rewound(&bus);
    bus.delete_page(page).unwrap();
    assert_eq!(told_of(&bus, page, 2..6), "page:1 2+4 deleted at e5");
    assert!(matches!(bus.provenance(page, 2..17), Err(Error::OutOfBounds { page_bytes: 16, .. })));
    bus.rewind(Epoch::new(4)).unwrap();
    insta::assert_snapshot!(told_of(&bus, page, 2..14), @"
    page:1 2+12 taken back to e4 at e6 by rewind
      page:1 4+8 taken back to e2 at e4 by rewind
      page:1 2+2 written at e2
      page:1 12+2 created at e1
        page:1 4+4 written at e2
        page:1 8+4 created at e1
    ");
    bus.rewind(Epoch::new(5)).unwrap();
    assert_eq!(told_of(&bus, page, ..), "page:1 0+16 deleted at e7 by rewind");
    let whole = bus.why(page).at(Epoch::new(6)).bytes(2..14).run().unwrap();
    bus.stop().unwrap();
    let reader = Bus::builder().read_on(Arc::new(disk), Path::new("bus")).unwrap();
    assert_eq!(reader.why(page).at(Epoch::new(6)).bytes(2..14).run().unwrap(), whole);
}

#[test]
fn what_is_older_than_the_log_is_said_to_be() {
    let (disk, bus) = on_disk();
    let [page, other, dead] = [(); 3].map(|()| bus.create_page(None, 4000).unwrap());
    bus.write(page, 0, [1; 8]).unwrap();
    bus.delete_page(dead).unwrap();
    let bytes = |turn: usize| (0..4000).map(|at| (at * 7 + turn) as u8).collect::<Vec<_>>();
    (0..60).for_each(|turn| assert!(bus.write(other, 0, bytes(turn)).is_ok()));
    bus.write(page, 4, [2; 4]).unwrap();
    let oldest = bus.compact_to(Retention::Epochs(1)).unwrap().oldest;
    assert_eq!(oldest, Epoch::new(65));
    let by_byte = "\
page:1 4+4 written at e66
page:1 0+4 8+3992 is older than the oldest state kept, e65";
    assert_eq!(told_of(&bus, page, ..), by_byte);
    let found = bus.why(other).run().unwrap();
    assert_eq!((found.steps[0].how.clone(), found.is_whole()), (WhyHow::Gone, false));
    assert!(matches!(bus.provenance(dead, ..), Err(Error::PageNotFound { .. })));
    bus.stop().unwrap();
    let reader = Bus::builder().read_on(Arc::new(disk), Path::new("bus")).unwrap();
    assert_eq!(told_of(&reader, page, ..), by_byte);
}

#[test]
fn a_kept_branch_tells_its_own_and_that_the_rest_is_its_parents() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 16).unwrap();
    bus.write(page, 0, [1; 8]).unwrap();
    let branch = bus.branch(bus.epoch()).unwrap();
    branch.write(page, 4, [2; 4]).unwrap();
    let kept = branch.keep(dir.path().join("kept")).unwrap();
    insta::assert_snapshot!(told_of(&kept, page, ..), @"
    page:1 4+4 written at e3
    page:1 0+4 8+8 is older than the oldest state kept, e2
    ");
}
