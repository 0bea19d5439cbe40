//! What a transaction sees, what it depends on, and what it leaves.

use insta::assert_snapshot;
use mmsb::{Bus, Epoch, Error, PageId};
use mmsb_testkit::dump;

/// A bus with the pages "a" of `aaaaaaaa` and "b" of `bbbbbbbb`, at e2.
fn two_pages() -> (Bus, PageId, PageId) {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin();
    let (a, b) = (tx.create_page("a", 8).unwrap(), tx.create_page("b", 8).unwrap());
    tx.commit().unwrap();
    let mut tx = bus.begin();
    tx.write(a, 0, b"aaaaaaaa").unwrap();
    tx.write(b, 0, b"bbbbbbbb").unwrap();
    tx.commit().unwrap();
    (bus, a, b)
}

#[track_caller]
fn conflicts<T: std::fmt::Debug>(result: Result<T, Error>, on: PageId) {
    assert!(matches!(result, Err(Error::Conflict { page }) if page == on), "{result:?} on {on}");
}

#[test]
fn later_writes_win_and_are_seen_before_the_commit() {
    let (bus, a, _) = two_pages();
    let mut tx = bus.begin();
    tx.write(a, 1, b"12345").unwrap();
    tx.write(a, 2, b"xy").unwrap();
    assert_eq!(tx.get::<[u8; 8]>(a, 0).unwrap(), *b"a1xy45aa");
    assert_eq!(bus.get::<[u8; 8]>(a, 0).unwrap(), *b"aaaaaaaa", "nobody else sees it yet");
    tx.commit().unwrap();
    assert_eq!(bus.get::<[u8; 8]>(a, 0).unwrap(), *b"a1xy45aa");
}

#[test]
fn a_capture_replaces_what_was_written_and_later_writes_lie_over_it() {
    let (bus, a, _) = two_pages();
    let mut tx = bus.begin();
    tx.write(a, 0, b"lost").unwrap();
    tx.capture(a, b"ABCDEFGH").unwrap();
    tx.write(a, 7, b"!").unwrap();
    assert_eq!(tx.get::<[u8; 8]>(a, 0).unwrap(), *b"ABCDEFG!");
    tx.commit().unwrap();
    assert_eq!(bus.get::<[u8; 8]>(a, 0).unwrap(), *b"ABCDEFG!");
}

#[test]
fn a_page_written_and_deleted_is_gone_and_one_created_and_deleted_never_was() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    tx.write(a, 0, b"x").unwrap();
    tx.delete_page(a).unwrap();
    let never = tx.create_page("a", 4).unwrap();
    tx.capture(never, [1; 4]).unwrap();
    tx.delete_page(never).unwrap();
    assert!(matches!(tx.write(a, 0, b"x"), Err(Error::PageNotFound { .. })));
    assert!(matches!(tx.get::<u8>(never, 0), Err(Error::PageNotFound { .. })));
    tx.commit().unwrap();
    assert!(bus.pages().eq([b]));
    assert!(matches!(bus.history(never), Err(Error::PageNotFound { .. })));
    assert_eq!(bus.check(), []);
}

#[test]
fn a_page_is_born_with_what_its_transaction_wrote() {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin();
    let (written, captured, empty) = (
        tx.create_page("written", 4).unwrap(),
        tx.create_page("captured", 4).unwrap(),
        tx.create_page("empty", 4).unwrap(),
    );
    assert_eq!(tx.get::<u32>(written, 0).unwrap(), 0);
    tx.write(written, 1, [7]).unwrap();
    tx.capture(captured, [1, 0, 0, 2]).unwrap();
    tx.capture(empty, [0; 4]).unwrap();
    assert_eq!(tx.get::<[u8; 4]>(written, 0).unwrap(), [0, 7, 0, 0]);
    tx.commit().unwrap();
    assert_snapshot!(dump(&bus).unwrap(), @r#"
    e1
    page:1 "written", 4 bytes of e1: 00 07 00*2
    page:2 "captured", 4 bytes of e1: 01 00*2 02
    page:3 "empty", 4 bytes of e1: 00*4
    "#);
    assert_eq!(bus.check(), []);
}

#[test]
fn pages_swap_names_in_one_transaction() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    tx.name_page(a, "b").unwrap();
    tx.name_page(b, "a").unwrap();
    tx.commit().unwrap();
    assert_eq!((bus.page("a"), bus.page("b")), (Some(b), Some(a)));
    let past = bus.at(bus.epoch()).unwrap();
    assert_eq!((past.page("a"), past.page("b")), (Some(b), Some(a)));
    assert_eq!(bus.check(), []);
}

#[test]
fn a_name_moves_on_with_a_deletion_but_two_pages_never_share_one() {
    let (bus, a, b) = two_pages();
    let mut tx = bus.begin();
    let c = tx.create_page("a", 1).unwrap();
    tx.delete_page(a).unwrap();
    tx.commit().unwrap();
    assert_eq!(bus.page("a"), Some(c));
    for taken in ["a", "b"] {
        let refused = bus.create_page(taken, 1);
        assert!(
            matches!(refused, Err(Error::NameTaken { page, .. }) if [b, c].contains(&page)),
            "{refused:?}"
        );
    }
    let mut tx = bus.begin();
    tx.create_page("new", 1).unwrap();
    tx.create_page("new", 1).unwrap();
    assert!(matches!(tx.commit(), Err(Error::NameTaken { .. })));
    assert_eq!(bus.page("new"), None);
    assert_eq!(bus.check(), []);
}

#[test]
fn a_commit_without_changes_makes_an_epoch() {
    let (bus, ..) = two_pages();
    assert_eq!(bus.begin().commit().unwrap().epoch, Epoch::new(3));
    assert_eq!(bus.begin().label(9).commit().unwrap().epoch, Epoch::new(4));
    assert_eq!(bus.at_label(9).unwrap().epoch(), Epoch::new(4));
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
    let device = bus.create_page_in(mmsb::PageLocation::Device, None, 1);
    assert!(matches!(device, Err(Error::UnsupportedLocation { .. })));
    for stranger in [0, a.get() + 7, u64::MAX] {
        let refused = bus.write(PageId::new(stranger), 0, b"x");
        assert!(matches!(refused, Err(Error::PageNotFound { .. })), "{refused:?}");
    }
    assert_eq!(bus.epoch(), Epoch::new(2), "nothing was committed");
}

#[test]
fn a_borrowed_capture_is_a_capture_and_later_writes_leave_the_callers_bytes_alone() {
    let bus = mmsb::Bus::in_memory().unwrap();
    let page = bus.create_page(None, 4).unwrap();
    let image = [1, 2, 3, 4];
    let mut tx = bus.begin();
    tx.capture_ref(page, &image).unwrap();
    tx.write(page, 1, [9]).unwrap();
    tx.commit().unwrap();
    assert_eq!(bus.with_page(page, <[u8]>::to_vec).unwrap(), [1, 9, 3, 4]);
    assert_eq!(image, [1, 2, 3, 4]);
    assert!(bus.begin().capture_ref(page, &image[..3]).is_err(), "a wrong length is refused");
}

/// Writes `per_page` runs of ten bytes to each of the pages in turn, `step` bytes apart, and compares what
/// comes of it, now and replayed, with the same writes one after the other.
#[track_caller]
fn interleaved(page_count: usize, per_page: u32, step: u32) {
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<_> = (0..page_count).map(|_| bus.create_page(None, 1000).unwrap()).collect();
    let mut images = vec![[0u8; 1000]; page_count];
    let mut written = vec![[false; 1000]; page_count];
    let mut tx = bus.begin();
    for round in 0..per_page {
        for (&page, (image, written)) in pages.iter().zip(images.iter_mut().zip(&mut written)) {
            let bytes: [u8; 10] =
                std::array::from_fn(|at| (page.get() + 31 * u64::from(round)) as u8 ^ at as u8);
            image[(round * step) as usize..][..10].copy_from_slice(&bytes);
            written[(round * step) as usize..][..10].fill(true);
            tx.write(page, round * step, bytes).unwrap();
        }
    }
    tx.commit().unwrap();
    for (&page, image) in pages.iter().zip(&images) {
        assert_eq!(bus.with_page(page, <[u8]>::to_vec).unwrap(), image, "{page}");
    }
    let distinct = written.iter().flatten().filter(|&&written| written).count();
    let commit = bus.commits().unwrap().last().unwrap().unwrap();
    assert_eq!(commit.payload_bytes, distinct, "no byte is in the log twice");
    assert_eq!(bus.check(), []);
    mmsb::testing::assert_replays(&bus);
}

#[test]
fn writes_to_pages_in_turn_come_out_as_one_after_the_other() {
    interleaved(3, 1, 20);
    interleaved(3, 2, 20);
    interleaved(50, 7, 20);
}

#[test]
fn overlapping_writes_to_pages_in_turn_let_the_later_win() {
    interleaved(3, 2, 5);
    interleaved(3, 2, 0);
    interleaved(50, 7, 9);
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
