//! Transactions that change nothing: empty, dropped, refused or given up by a panic.

use mmsb::{Epoch, Error, PageId};
use mmsb_testkit::dump;

use super::two_pages;

#[test]
fn a_commit_without_changes_makes_an_epoch() {
    let (bus, ..) = two_pages();
    assert_eq!(bus.begin().commit().unwrap().epoch, Epoch::new(3));
    assert_eq!(bus.begin().label(9).commit().unwrap().epoch, Epoch::new(4));
    assert_eq!(bus.at_label(9).unwrap().epoch(), Epoch::new(4));
}

#[test]
fn a_dropped_transaction_leaves_nothing_and_burns_its_id() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    let burnt = tx.create_page("c", 1).unwrap();
    tx.delete_page(a).unwrap();
    drop(tx);
    assert!(bus.pages().eq([a, b]));
    let next = bus.create_page("c", 1).unwrap();
    assert_eq!(next.get(), burnt.get() + 1);
}

#[test]
fn a_call_that_failed_ties_the_transaction_to_nothing() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    assert!(matches!(tx.write(a, 7, b"xy"), Err(Error::InvalidDelta { .. })));
    assert!(matches!(tx.write(a, u32::MAX, b"x"), Err(Error::InvalidDelta { .. })));
    assert!(matches!(tx.capture(a, b"short"), Err(Error::InvalidDelta { .. })));
    assert!(matches!(tx.get::<[u8; 9]>(a, 0), Err(Error::OutOfBounds { .. })));
    assert!(matches!(tx.name_page(a, ""), Err(Error::Text { .. })));
    tx.write(b, 0, b"x").unwrap();
    bus.delete_page(a).unwrap();
    tx.commit().unwrap();
}

#[test]
fn what_no_page_can_be_is_refused() {
    let (bus, a, _) = two_pages();
    assert!(matches!(bus.create_page(None, 0), Err(Error::PageLength { page_bytes: 0 })));
    assert!(matches!(bus.create_page(None, (16 << 20) + 1), Err(Error::PageLength { .. })));
    assert!(matches!(bus.create_page(None, usize::MAX), Err(Error::PageLength { .. })));
    assert!(matches!(bus.create_page("", 1), Err(Error::Text { bytes: 0, .. })));
    assert!(matches!(bus.create_page(&*"x".repeat(1025), 1), Err(Error::Text { bytes: 1025, .. })));
    assert!(matches!(bus.begin().tag("").commit(), Err(Error::Text { .. })));
    for stranger in [0, a.get() + 7, u64::MAX] {
        let refused = bus.write(PageId::new(stranger), 0, b"x");
        assert!(matches!(refused, Err(Error::PageNotFound { .. })), "{refused:?}");
    }
    assert_eq!(bus.epoch(), Epoch::new(2), "nothing was committed");
}

#[test]
fn a_panic_between_begin_and_commit_changes_nothing() {
    let (bus, a, b) = two_pages();
    let before = dump(&bus).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut tx = bus.begin().label(1).tag("never");
        tx.write(a, 0, b"x").unwrap();
        tx.capture(b, b"12345678").unwrap();
        tx.create_page("c", 1).unwrap();
        tx.write(b, 0, Explodes).unwrap();
    }));
    assert!(panicked.is_err());
    assert_eq!((dump(&bus).unwrap(), bus.check()), (before, vec![]));
    bus.write(a, 0, b"after").unwrap();
    assert_eq!(bus.epoch(), Epoch::new(3), "nothing is held, and no number was taken");
}

/// Bytes whose owner panics when asked for them.
struct Explodes;

impl AsRef<[u8]> for Explodes {
    fn as_ref(&self) -> &[u8] {
        panic!("the program's own code");
    }
}
