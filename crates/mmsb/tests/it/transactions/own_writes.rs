//! What a transaction itself sees and leaves: later writes win, captures replace, the deleted is gone.

use insta::assert_snapshot;
use mmsb::{Bus, Error};
use mmsb_testkit::dump;

use super::two_pages;

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

#[test]
fn a_run_of_any_length_is_seen_through_any_window_and_written_over() {
    for len in [1, 2, 8, 55, 56, 57, 64, 200, 255, 256, 300] {
        let bus = Bus::in_memory().unwrap();
        let page = bus.create_page(None, 320).unwrap();
        let mut tx = bus.begin();
        // Makes the transaction hold its pages one by one.
        tx.create_page(None, 1).unwrap();
        let (mut model, run): ([u8; 320], Vec<u8>) = ([0; 320], (1..=len).map(|byte| byte as u8).collect());
        tx.write(page, 10, &run).unwrap();
        model[10..][..run.len()].copy_from_slice(&run);
        for from in 0..320_u32 {
            for window in [1, 7, 60].map(|bytes: u32| bytes.min(320 - from)) {
                let mut seen = vec![0; window as usize];
                tx.read(page, from, &mut seen).unwrap();
                assert_eq!(seen, model[from as usize..][..seen.len()], "{len} bytes, {window} from {from}");
            }
        }
        tx.write(page, 11, [0xee; 9]).unwrap();
        model[11..20].fill(0xee);
        tx.commit().unwrap();
        assert!(bus.with_page(page, |bytes| bytes == model).unwrap(), "{len} bytes written over");
        assert_eq!(bus.check(), []);
    }
}
