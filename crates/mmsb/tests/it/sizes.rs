//! The edges of every length: pages of one byte and of 16 MiB, long runs, far offsets, long records.

use mmsb::{Bus, Error};

use crate::together::at_once;

/// Asserts that the bus, reopened as the log tells it, is what is live.
#[track_caller]
fn replays(bus: &Bus) {
    mmsb::testing::assert_replays(bus);
}

/// Bytes that no fill shortens.
fn noise(len: u32) -> Vec<u8> {
    (0..len).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn the_shortest_and_the_longest_page_work() {
    let bus = Bus::in_memory().unwrap();
    let (short, long) = (bus.create_page(None, 1).unwrap(), bus.create_page(None, 16 << 20).unwrap());
    let mut tx = bus.begin();
    tx.write(short, 0, [9]).unwrap();
    tx.capture(long, noise(16 << 20)).unwrap();
    tx.write(long, (16 << 20) - 1, [1]).unwrap();
    tx.commit().unwrap();
    bus.write(long, (16 << 20) - 3, [7, 7, 7]).unwrap();
    assert_eq!(bus.get::<u8>(short, 0).unwrap(), 9);
    assert_eq!(bus.get::<[u8; 4]>(long, (16 << 20) - 4).unwrap()[1..], [7, 7, 7]);
    assert!(matches!(bus.write(long, 16 << 20, [1]), Err(Error::InvalidDelta { .. })));
    let last = bus.commits().unwrap().last().unwrap().unwrap();
    assert!(last.frame_bytes < 200, "three bytes cost {} in the log", last.frame_bytes);
    replays(&bus);
}

#[test]
fn a_page_with_compact_and_wide_entries_in_one_commit_counts_once() {
    let bus = Bus::in_memory().unwrap();
    let (one, other) = (bus.create_page(None, 2 << 20).unwrap(), bus.create_page(None, 2 << 20).unwrap());
    let long = noise(9000);
    let mut tx = bus.begin();
    for page in [one, other] {
        tx.write(page, 5, b"compact").unwrap();
        tx.write(page, 4096, &long).unwrap();
        tx.write(page, (1 << 20) - 1, b"at the edge").unwrap();
        tx.write(page, (1 << 20) + 77, b"far").unwrap();
    }
    tx.commit().unwrap();
    let commit = bus.commits().unwrap().last().unwrap().unwrap();
    assert_eq!(commit.pages, [one, other]);
    let change = bus.history(other).unwrap().next().unwrap().unwrap();
    let spans: Vec<_> =
        change.runs.iter().map(|run| run.offset).filter(|at| !(10..20_000).contains(at)).collect();
    assert_eq!(spans, [5, (1 << 20) - 1, (1 << 20) + 77]);
    replays(&bus);
}

#[test]
fn a_commit_of_hundreds_of_pages_is_one_epoch() {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin();
    let pages: Vec<_> = (0..300).map(|at| tx.create_page(None, at + 1).unwrap()).collect();
    assert_eq!(tx.commit().unwrap().epoch.get(), 1);
    let mut tx = bus.begin();
    pages.iter().rev().for_each(|&page| tx.write(page, 0, [page.get() as u8]).unwrap());
    assert_eq!(tx.commit().unwrap().epoch.get(), 2);
    for &page in &pages {
        assert_eq!(bus.get::<u8>(page, 0).unwrap(), page.get() as u8);
    }
    replays(&bus);
}

#[test]
fn a_record_beyond_the_limit_is_refused_and_the_bus_goes_on() {
    let bus = Bus::builder().record_bytes_max(10_000).in_memory().unwrap();
    let page = bus.create_page(None, 20_000).unwrap();
    let noise = noise(20_000);
    let refused = bus.capture(page, &noise);
    assert!(matches!(refused, Err(Error::RecordTooLarge { bytes, limit: 10_000 }) if bytes > 20_000));
    assert_eq!(bus.epoch().get(), 1, "nothing happened");
    bus.capture(page, vec![7; 20_000]).unwrap();
    bus.write(page, 100, &noise[..5000]).unwrap();
    assert_eq!(bus.epoch().get(), 3);
    replays(&bus);
}

#[test]
fn frames_of_every_length_around_the_box_go_through() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 300_000).unwrap();
    let noise = noise(300_000);
    for len in [0, 1, 40, 41, 4095, 4096, 8190, 8191, 65_400, 65_480, 65_504, 65_536, 65_600, 199_000] {
        bus.write(page, 7, &noise[len / 2..][..len]).unwrap();
        bus.write(page, 100_000, &noise[..len]).unwrap();
    }
    replays(&bus);
}

#[test]
fn more_than_all_boxes_hold_goes_through_from_many_threads() {
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<_> = (0..4).map(|_| bus.create_page(None, 9 << 20).unwrap()).collect();
    at_once(4, |thread| {
        for round in 0..2 {
            let image: Vec<u8> =
                (0..9u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761 + round) >> 13) as u8).collect();
            bus.capture(pages[thread as usize], image).unwrap();
        }
    });
    replays(&bus);
}
