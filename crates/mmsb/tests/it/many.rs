//! Many transactions in one call: each is a commit of its own, in their order, up to the first that fails.

mod failing;
mod short;

use mmsb::{Builder, Bus, Durability, Epoch, PageId, Transaction};
use mmsb_testkit::dump;

use crate::together::at_once;

/// A bus in memory with `count` pages of 64 bytes.
fn pages(count: usize) -> (Bus, Vec<PageId>) {
    pages_on(&Bus::builder(), count)
}

fn pages_on(builder: &Builder, count: usize) -> (Bus, Vec<PageId>) {
    let bus = builder.clone().in_memory().unwrap();
    let mut tx = bus.begin();
    let pages = (0..count).map(|_| tx.create_page(None, 64).unwrap()).collect();
    tx.commit().unwrap();
    (bus, pages)
}

/// The `index`-th transaction: a few writes, some to pages that others write too, some to the same bytes.
fn make<'b>(bus: &'b Bus, pages: &[PageId], index: usize) -> Transaction<'b> {
    let mut tx = bus.begin();
    for at in 0..index % 4 {
        let page = pages[(index * 7 + at * at) % pages.len()];
        tx.write(page, (at * 5) as u32, (index as u64 * 0x1_0001).to_le_bytes()).unwrap();
    }
    match index % 11 {
        3 => tx.label(index as u64),
        5 => tx.tag("tagged"),
        7 => {
            tx.capture(pages[index % pages.len()], [index as u8; 64]).unwrap();
            tx
        }
        9 => {
            tx.create_page(None, 3).unwrap();
            tx
        }
        _ => tx,
    }
}

#[track_caller]
fn same_commits(one: &Bus, other: &Bus) {
    let told = |bus: &Bus| bus.commits().unwrap().map(Result::unwrap).collect::<Vec<_>>();
    for (one, other) in told(one).iter().zip(told(other)) {
        assert_eq!((one.epoch, one.label, &one.pages), (other.epoch, other.label, &other.pages));
    }
}

#[test]
fn many_transactions_are_as_many_commits_in_their_order() {
    for page_count in [1, 5, 200] {
        let (single, (many, ids)) = (pages(page_count).0, pages(page_count));
        (0..300).for_each(|index| assert!(make(&single, &ids, index).commit().is_ok()));
        let committed = many.commit_many((0..300).map(|index| make(&many, &ids, index))).unwrap();
        assert!(committed.iter().map(|one| one.epoch.get()).eq(2..302), "epochs are dense");
        assert_eq!(dump(&many).unwrap(), dump(&single).unwrap());
        for page in many.pages() {
            assert_eq!(many.page_epoch(page).unwrap(), single.page_epoch(page).unwrap(), "{page}");
        }
        same_commits(&many, &single);
        assert_eq!((many.check(), many.stats().deltas.commit_count), (vec![], 301));
        mmsb::testing::assert_replays(&many);
    }
}

#[test]
fn none_is_none() {
    let (bus, _) = pages(1);
    assert_eq!(bus.commit_many([]).unwrap(), []);
    assert_eq!(bus.epoch(), Epoch::new(1));
}

#[test]
fn all_are_as_safe_as_the_one_that_asks_for_most() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::create(dir.path().join("bus")).unwrap();
    let page = bus.create_page(None, 8).unwrap();
    let transactions = [Durability::Volatile, Durability::Synced, Durability::Volatile].map(|durability| {
        let mut tx = bus.begin().durability(durability);
        tx.write(page, 0, [1]).unwrap();
        tx
    });
    let committed = bus.commit_many(transactions).unwrap();
    assert!(committed.iter().all(|one| one.reached == Durability::Synced), "{committed:?}");
}

#[test]
fn threads_that_commit_many_against_each_other_lose_nothing() {
    let (bus, ids) = pages(50);
    at_once(3, |thread| {
        let write = |index: u64| {
            let mut tx = bus.begin();
            for at in 0..3 {
                let page = ids[((index * 31 + thread * 17 + at * 7) % 50) as usize];
                tx.put(page, (thread * 16) as u32, &(index * 3 + thread)).unwrap();
            }
            tx
        };
        assert_eq!(bus.commit_many((0..2000).map(write)).unwrap().len(), 2000);
    });
    assert_eq!((bus.epoch().get(), bus.check()), (6001, vec![]));
    mmsb::testing::assert_replays(&bus);
}
