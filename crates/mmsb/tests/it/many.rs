//! Many transactions in one call: each is a commit of its own, in their order, up to the first that fails.

use mmsb::{Builder, Bus, Durability, Epoch, Error, PageId, RewindSource, Transaction};
use mmsb_testkit::dump;

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
        assert_eq!((many.check(), many.stats().commit_count), (vec![], 301));
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
fn the_first_failure_ends_it_and_says_which() {
    let (bus, ids) = pages(40);
    let transactions = (0..40).map(|index| {
        let mut tx = bus.begin();
        tx.write(ids[index], 0, [1]).unwrap();
        if index == 21 {
            tx.expect_epoch(ids[0], Epoch::new(1)).unwrap();
        }
        tx
    });
    let failed = bus.commit_many(transactions).unwrap_err();
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
    std::thread::scope(|scope| {
        for thread in 0..3u64 {
            let (bus, ids) = (&bus, &ids);
            scope.spawn(move || {
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
        }
    });
    assert_eq!((bus.epoch().get(), bus.check()), (6001, vec![]));
    mmsb::testing::assert_replays(&bus);
}

/// A short write: page, offset, bytes.
type Write = (PageId, u32, Vec<u8>);

/// Ways to make commits of short writes, all of the same ones.
const WAYS: [fn(&Bus, &[Write]); 5] = [
    |bus, writes| writes.iter().for_each(|(page, at, bytes)| assert!(bus.write(*page, *at, bytes).is_ok())),
    |bus, writes| writes.chunks(1).for_each(|one| assert!(transaction(bus, one).commit().is_ok())),
    |bus, writes| assert!(bus.commit_many(writes.chunks(1).map(|one| transaction(bus, one))).is_ok()),
    |bus, writes| assert!(bus.commit_many(writes.chunks(3).map(|some| transaction(bus, some))).is_ok()),
    |bus, writes| assert!(transaction(bus, writes).commit().is_ok()),
];

fn transaction<'b>(bus: &'b Bus, writes: &[Write]) -> Transaction<'b> {
    let mut tx = bus.begin();
    writes.iter().for_each(|(page, at, bytes)| tx.write(*page, *at, bytes).unwrap());
    tx
}

/// Short writes of every length up to 50, at every place, some of one repeated byte, often to the same page.
fn short_writes(ids: &[PageId], seed: u32) -> Vec<Write> {
    let noise = |at: u32| (at.wrapping_mul(2_654_435_761) >> 7) as usize;
    let write = |index: u32| {
        let (len, byte) = (1 + index as usize % 50, noise(seed + index) as u8);
        let bytes = (0..len)
            .map(|at| if index.is_multiple_of(7) { byte } else { byte.wrapping_add(at as u8) })
            .collect();
        (ids[noise(index ^ seed) % ids.len()], (noise(index + seed * 3) % (65 - len)) as u32, bytes)
    };
    (0..200).map(write).collect()
}

#[test]
fn every_way_to_commit_short_writes_leaves_snapshots_records_and_log_as_they_must_be() {
    let all = |bus: &Bus, ids: &[PageId]| -> Vec<Vec<u8>> {
        ids.iter().map(|&id| bus.get::<[u8; 64]>(id, 0).unwrap().to_vec()).collect()
    };
    let mut ends = Vec::new();
    for way in WAYS {
        let (bus, ids) = pages_on(&Bus::builder().undo(1024, 64 << 20), 40);
        way(&bus, &short_writes(&ids, 1));
        let (then, before) = (bus.epoch(), all(&bus, &ids));
        let snapshot = bus.snapshot();
        way(&bus, &short_writes(&ids, 9));
        let (after, seen) =
            (all(&bus, &ids), ids.iter().map(|&id| snapshot.get::<[u8; 64]>(id, 0).unwrap().to_vec()));
        assert_ne!(after, before);
        assert!(seen.eq(before.iter().cloned()), "a snapshot keeps what the writes replaced");
        mmsb::testing::assert_replays(&bus);
        assert_eq!(bus.rewind(then).unwrap().source, RewindSource::Undo, "each commit left a record");
        assert_eq!((all(&bus, &ids), bus.check()), (before, vec![]));
        ends.push(after);
    }
    assert!(ends.iter().all(|end| *end == ends[0]), "all ways come to the same");
}

#[test]
fn short_writes_on_a_bus_without_undo_follow_those_on_one_with() {
    // The drafts of undo records are the thread's, whatever bus it writes to.
    for way in WAYS {
        let (bus, ids) = pages(40);
        way(&bus, &short_writes(&ids, 1));
        let (other, theirs) = pages_on(&Bus::builder().undo(0, 0), 40);
        way(&other, &short_writes(&theirs, 1));
        assert_eq!(other.check(), vec![]);
        mmsb::testing::assert_replays(&other);
    }
}
