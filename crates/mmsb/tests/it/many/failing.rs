//! The first transaction that fails ends the call; those before it are committed.

use mmsb::{Bus, Epoch, Error, PageId, Transaction};

use super::pages;

/// Writes the page of this index; of them all, number 21 expects what is not so.
fn make<'b>(bus: &'b Bus, ids: &[PageId], index: usize) -> Transaction<'b> {
    let mut tx = bus.begin();
    tx.write(ids[index], 0, [1]).unwrap();
    if index == 21 {
        tx.expect_epoch(ids[0], Epoch::new(1)).unwrap();
    }
    tx
}

#[test]
fn the_first_failure_ends_it_and_says_which() {
    let (bus, ids) = pages(40);
    let failed = bus.commit_many((0..40).map(|index| make(&bus, &ids, index))).unwrap_err();
    assert!(matches!(failed.source, Error::Conflict { page } if page == ids[0]), "{failed}");
    assert_eq!((failed.index, failed.committed.len()), (21, 21));
    let written = ids.iter().map(|&id| bus.get::<u8>(id, 0).unwrap()).collect::<Vec<_>>();
    assert_eq!((written.iter().filter(|&&byte| byte == 1).count(), written[20], written[21]), (21, 1, 0));
    assert_eq!((bus.epoch().get(), bus.check()), (22, vec![]));
    assert_eq!(failed.to_string().lines().count(), 1);
}

#[test]
fn a_page_that_goes_meanwhile_is_a_conflict_of_its_own_transaction() {
    let (bus, ids) = pages(3);
    let write = |page| {
        let mut tx = bus.begin();
        tx.write(page, 0, [9]).unwrap();
        tx
    };
    let transactions = [write(ids[0]), write(ids[1]), write(ids[2])];
    bus.delete_page(ids[1]).unwrap();
    let failed = bus.commit_many(transactions).unwrap_err();
    assert!(matches!(failed.source, Error::Conflict { page } if page == ids[1]));
    assert_eq!(failed.index, 1);
    assert_eq!((bus.get::<u8>(ids[0], 0).unwrap(), bus.get::<u8>(ids[2], 0).unwrap()), (9, 0));
}

#[test]
fn records_too_long_for_a_common_room_go_alone() {
    let bus = Bus::builder().record_bytes_max(3000).in_memory().unwrap();
    let page = bus.create_page(None, 100_000).unwrap();
    let noise: Vec<u8> = (0..4000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let lens = [2000, 2500, 2900, 3100, 10];
    let transactions = lens.iter().zip(0..).map(|(&len, index)| {
        let mut tx = bus.begin();
        tx.write(page, index * 5000, &noise[..len]).unwrap();
        tx
    });
    let failed = bus.commit_many(transactions).unwrap_err();
    assert!(matches!(failed.source, Error::RecordTooLarge { .. }), "{failed}");
    assert_eq!(failed.index, 3);
    mmsb::testing::assert_replays(&bus);
}
