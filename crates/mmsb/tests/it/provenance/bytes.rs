//! Who wrote which of a page's bytes last.

use mmsb::{Bus, Epoch, Error, PageId, WhyHow};

use super::told_of;

/// A page of 32 bytes, and writes of four bytes at these offsets.
fn written(offsets: &[u32]) -> (Bus, PageId) {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 32).unwrap();
    offsets.iter().for_each(|&offset| assert!(bus.write(page, offset, [1; 4]).is_ok()));
    (bus, page)
}

#[track_caller]
fn check(offsets: &[u32], bytes: std::ops::Range<u32>, expect: &str) {
    let (bus, page) = written(offsets);
    assert_eq!(
        told_of(&bus, page, bytes).lines().collect::<Vec<_>>(),
        expect.split("; ").collect::<Vec<_>>()
    );
}

#[test]
fn each_byte_has_its_last_writer() {
    check(&[], 0..32, "page:1 0+32 created at e1");
    check(&[8], 8..12, "page:1 8+4 written at e2");
    check(&[8], 10..16, "page:1 10+2 written at e2; page:1 12+4 created at e1");
    check(
        &[8, 10],
        0..32,
        "page:1 10+4 written at e3; page:1 8+2 written at e2; page:1 0+8 14+18 created at e1",
    );
    check(
        &[8, 0, 8, 0],
        0..12,
        "page:1 0+4 written at e5; page:1 8+4 written at e4; page:1 4+4 created at e1",
    );
}

#[test]
fn a_commit_that_creates_and_writes_does_both() {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin();
    let page = tx.create_page("new", 16).unwrap();
    tx.write(page, 4, [1; 4]).unwrap();
    tx.commit().unwrap();
    bus.begin().commit().unwrap();
    assert_eq!(told_of(&bus, page, ..), "page:1 4+4 written at e1\npage:1 0+4 8+8 created at e1");
}

#[test]
fn bytes_that_the_page_does_not_have_are_refused() {
    let (bus, page) = written(&[0]);
    for bytes in [(0, 33), (32, 33), (40, 50), (u32::MAX, u32::MAX)] {
        let found = bus.provenance(page, bytes.0..=bytes.1 - 1);
        assert!(matches!(found, Err(Error::OutOfBounds { page_bytes: 32, .. })), "{bytes:?}: {found:?}");
    }
    assert_eq!(bus.provenance(page, 32..).unwrap().steps, []);
    assert!(matches!(bus.provenance(PageId::new(7), ..), Err(Error::PageNotFound { .. })));
    let unborn = bus.why(page).at(Epoch::ZERO).bytes(..).run();
    assert!(matches!(unborn, Err(Error::PageNotFound { .. })), "{unborn:?}");
}

#[test]
fn a_derived_page_is_told_run_by_run_with_the_causes_of_each() {
    let bus = Bus::in_memory().unwrap();
    let [a, b, sum] = [(); 3].map(|()| bus.create_page(None, 16).unwrap());
    bus.derive(sum).from([a, b]).named("sum", 1).add::<u64>().unwrap();
    bus.put(a, 0, &1u64).unwrap();
    bus.put(b, 8, &1u64).unwrap();
    insta::assert_snapshot!(told_of(&bus, sum, ..), @"
    page:3 8+1 computed from page:2 at e6
    page:3 0+1 computed from page:1 at e5
    page:3 1+7 9+7 created at e3
      page:2 written at e6
      page:1 written at e5
    ");
}

#[test]
fn a_search_that_ends_early_says_what_it_did_not_find() {
    let (bus, page) = written(&[0; 3000]);
    let found = bus.why(page).bytes(0..8).commits_max(100).run().unwrap();
    assert_eq!(found.steps[0].how, WhyHow::Written);
    let (last, all) = (&found.steps[1], &found.steps[..]);
    assert_eq!((last.how.clone(), last.bytes.len(), all.len()), (WhyHow::Unread, 1, 2));
    assert!(!found.is_whole() && last.epoch > Epoch::new(1), "{found}");
    let whole = bus.why(page).bytes(0..8).run().unwrap();
    assert_eq!(whole.to_string(), "page:1 0+4 written at e3001\npage:1 4+4 created at e1");
    assert!(whole.is_whole());
}
