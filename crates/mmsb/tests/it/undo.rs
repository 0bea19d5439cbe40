//! What the newest commits replaced, kept for rewinds: how far it reaches, and what it may take.

use mmsb::{Bus, Epoch, PageId, RewindSource};

/// Fills the page with a byte in a commit that replaces so many bytes.
fn write(bus: &Bus, page: PageId, byte: u8, len: usize) -> Epoch {
    bus.write(page, 0, vec![byte; len]).unwrap().epoch
}

/// Rewinds over the newest `back` commits; tells what served it.
#[track_caller]
fn source(bus: &Bus, back: u64) -> RewindSource {
    bus.rewind(Epoch::new(bus.epoch().get() - back)).unwrap().source
}

#[test]
fn records_reach_back_as_many_commits_as_were_asked_for() {
    let bus = Bus::builder().undo(16, 1 << 20).in_memory().unwrap();
    let page = bus.create_page(None, 8).unwrap();
    (0..50).for_each(|byte| _ = write(&bus, page, byte, 4));
    assert_eq!(source(&bus, 16), RewindSource::Undo);
    assert_eq!(bus.get::<u8>(page, 0).unwrap(), 33);
    assert_eq!(source(&bus, 17), RewindSource::Log);
    assert_eq!(bus.get::<u8>(page, 0).unwrap(), 33);
}

/// Commits a hundred short writes handed over together, each of another value to two pages in turn, and rewinds
/// over the newest `back`.
#[track_caller]
fn check_many(depth: u32, back: u64, expect: RewindSource) {
    let bus = Bus::builder().undo(depth, 1 << 20).in_memory().unwrap();
    let pages = [0; 2].map(|_| bus.create_page(None, 64).unwrap());
    let write = |value: u8| {
        let mut tx = bus.begin();
        tx.write(pages[usize::from(value) % 2], 5, [value, 1, 2, 3]).unwrap();
        tx
    };
    bus.commit_many((0..100).map(write)).unwrap();
    assert_eq!(source(&bus, back), expect, "{back} commits back");
    let newest = 99 - back as u8;
    for value in [newest, newest - 1] {
        assert_eq!(bus.get::<u8>(pages[usize::from(value) % 2], 5).unwrap(), value, "{back} commits back");
    }
}

#[test]
fn records_of_writes_handed_over_together_reach_back_as_far() {
    for back in [1, 2, 3, 4, 5, 17, 31, 32, 33, 50, 63, 64] {
        check_many(64, back, RewindSource::Undo);
        check_many(16, back, if back <= 16 { RewindSource::Undo } else { RewindSource::Log });
    }
    check_many(64, 65, RewindSource::Log);
}

#[test]
fn the_oldest_records_go_when_the_bytes_are_used_up() {
    let bus = Bus::builder().undo(64, 100_000).in_memory().unwrap();
    let page = bus.create_page(None, 10_000).unwrap();
    (0..30).for_each(|byte| _ = write(&bus, page, byte, 10_000));
    let is_undo = |back| source(&bus, back) == RewindSource::Undo;
    assert!(!is_undo(20));
    (0..30).for_each(|byte| _ = write(&bus, page, byte, 10_000));
    assert!(is_undo(5), "half of the bytes hold five commits");
}

#[test]
fn a_commit_that_replaces_more_than_may_be_kept_leaves_nothing() {
    let bus = Bus::builder().undo(64, 100_000).in_memory().unwrap();
    let page = bus.create_page(None, 200_000).unwrap();
    write(&bus, page, 1, 10);
    write(&bus, page, 2, 200_000);
    write(&bus, page, 3, 10);
    assert_eq!(source(&bus, 1), RewindSource::Undo);
    assert_eq!(source(&bus, 3), RewindSource::Log);
    assert!(bus.with_page(page, |bytes| bytes[..10] == [1; 10] && bytes[10..] == [0; 199_990]).unwrap());
}

#[test]
fn ticks_of_a_game_fit_the_default() {
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<_> = (0..1000).map(|_| bus.create_page(None, 32).unwrap()).collect();
    for tick in 0..70_u8 {
        let mut tx = bus.begin();
        pages.iter().for_each(|&page| tx.write(page, 0, [tick; 32]).unwrap());
        tx.commit().unwrap();
    }
    assert_eq!(source(&bus, 60), RewindSource::Undo);
    assert_eq!(bus.get::<u8>(pages[7], 5).unwrap(), 9);
}

#[test]
fn off_means_that_the_log_serves() {
    let bus = Bus::builder().undo(0, 1 << 20).in_memory().unwrap();
    let page = bus.create_page(None, 8).unwrap();
    let one = write(&bus, page, 1, 8);
    write(&bus, page, 2, 8);
    assert_eq!(bus.rewind(one).unwrap().source, RewindSource::Log);
    assert_eq!(bus.get::<u8>(page, 0).unwrap(), 1);
}
