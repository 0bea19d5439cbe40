//! Short writes: every way to commit them comes to the same.

use mmsb::{Bus, PageId, RewindSource, Transaction};

use super::{pages, pages_on};

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

fn all(bus: &Bus, ids: &[PageId]) -> Vec<[u8; 64]> {
    ids.iter().map(|&id| bus.get(id, 0).unwrap()).collect()
}

#[test]
fn every_way_to_commit_short_writes_leaves_snapshots_records_and_log_as_they_must_be() {
    let mut ends = Vec::new();
    for way in WAYS {
        let (bus, ids) = pages_on(&Bus::builder().undo(1024, 64 << 20), 40);
        way(&bus, &short_writes(&ids, 1));
        let (then, before) = (bus.epoch(), all(&bus, &ids));
        let snapshot = bus.snapshot();
        way(&bus, &short_writes(&ids, 9));
        let after = all(&bus, &ids);
        assert_ne!(after, before);
        let seen = ids.iter().map(|&id| snapshot.get::<[u8; 64]>(id, 0).unwrap());
        assert!(seen.eq(before.iter().copied()), "a snapshot keeps what the writes replaced");
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
