//! What a transaction depends on: what it read or expected, and no more.

use mmsb::{Epoch, Error, PageId};

use super::two_pages;

#[track_caller]
fn conflicts<T: std::fmt::Debug>(result: Result<T, Error>, on: PageId) {
    assert!(matches!(result, Err(Error::Conflict { page }) if page == on), "{result:?} on {on}");
}

#[test]
fn an_equal_capture_writes_nothing_but_its_page_is_checked() {
    let (bus, a, _) = two_pages();
    let committed = bus.capture(a, b"aaaaaaaa").unwrap();
    assert_eq!(bus.page_epoch(a).unwrap(), Epoch::new(2), "the page is as e2 left it");
    let commit = bus.commits().unwrap().last().unwrap().unwrap();
    assert_eq!((commit.epoch, commit.run_count), (committed.epoch, 0));
    let mut tx = bus.begin();
    tx.get::<u8>(a, 0).unwrap();
    tx.capture(a, b"aaaaaaaa").unwrap();
    bus.write(a, 0, b"x").unwrap();
    conflicts(tx.commit(), a);
}

#[test]
fn reading_makes_a_precondition_and_writing_does_not() {
    let (bus, a, b) = two_pages();
    let (mut reads, mut writes) = (bus.begin(), bus.begin());
    reads.get::<u8>(a, 0).unwrap();
    reads.write(b, 0, b"1").unwrap();
    writes.write(a, 1, b"2").unwrap();
    bus.write(a, 0, b"0").unwrap();
    conflicts(reads.commit(), a);
    writes.commit().unwrap();
    assert_eq!(bus.get::<[u8; 3]>(a, 0).unwrap(), *b"02a");
    assert_eq!(bus.get::<u8>(b, 0).unwrap(), b'b', "a refused commit wrote nothing");
}

#[test]
fn write_skew_is_a_conflict() {
    let (bus, a, b) = two_pages();
    let (mut one, mut other) = (bus.begin(), bus.begin());
    one.get::<u8>(a, 0).unwrap();
    one.write(b, 0, b"1").unwrap();
    other.get::<u8>(b, 0).unwrap();
    other.write(a, 0, b"2").unwrap();
    one.commit().unwrap();
    conflicts(other.commit(), b);
}

#[test]
fn a_page_that_is_only_read_keeps_its_epoch() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    tx.get::<u8>(a, 0).unwrap();
    tx.write(b, 0, b"1").unwrap();
    let committed = tx.commit().unwrap();
    assert_eq!(bus.page_epoch(a).unwrap(), Epoch::new(2));
    assert_eq!(bus.page_epoch(b).unwrap(), committed.epoch);
    bus.write(a, 0, b"3").unwrap();
}

#[test]
fn an_expected_epoch_holds_or_conflicts() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    tx.expect_epoch(a, Epoch::new(2)).unwrap();
    conflicts(tx.expect_epoch(a, Epoch::new(1)), a);
    tx.write(b, 0, b"1").unwrap();
    tx.commit().unwrap();
    let mut tx = bus.begin();
    tx.expect_epoch(a, Epoch::new(1)).unwrap();
    tx.write(b, 0, b"2").unwrap();
    conflicts(tx.commit(), a);
    let mut tx = bus.begin();
    let born = tx.create_page(None, 1).unwrap();
    conflicts(tx.expect_epoch(born, Epoch::ZERO), born);
}

#[test]
fn a_page_deleted_under_a_transaction_is_a_conflict() {
    let with = |act: fn(&mut mmsb::Transaction<'_>, PageId) -> Result<(), Error>| {
        let (bus, a, _) = two_pages();
        let mut tx = bus.begin();
        act(&mut tx, a).unwrap();
        bus.delete_page(a).unwrap();
        conflicts(tx.commit(), a);
        assert_eq!(bus.check(), []);
    };
    with(|tx, page| tx.write(page, 0, b"x"));
    with(|tx, page| tx.capture(page, b"12345678"));
    with(|tx, page| tx.delete_page(page));
    with(|tx, page| tx.name_page(page, "other"));
    with(|tx, page| tx.get::<u8>(page, 0).map(drop));
    let (bus, a, _) = two_pages();
    let mut tx = bus.begin();
    tx.write(a, 0, b"x").unwrap();
    bus.delete_page(a).unwrap();
    conflicts(tx.get::<u8>(a, 0), a);
}
