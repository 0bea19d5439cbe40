//! What is read of the log for a query.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Epoch, Label, PageId, Query,
    vfs::{FaultyVfs, faulty::CallKind},
};

use super::builder;

/// Returns how many bytes were asked of the disk since this was asked last.
fn take_read(disk: &FaultyVfs) -> u64 {
    take_reads(disk).iter().sum()
}

/// Returns how many bytes each read asked for.
fn take_reads(disk: &FaultyVfs) -> Vec<u64> {
    let calls = disk.take_calls();
    disk.list_calls();
    calls.iter().filter(|call| call.kind == CallKind::Read).map(|call| call.bytes as u64).collect()
}

/// Two pages: one that is written all the time, and one that is written 20 times in all.
fn busy(disk: &Arc<FaultyVfs>) -> (Bus, PageId) {
    let bus = builder().segment_bytes(1 << 20).create_on(disk.clone(), Path::new("bus")).unwrap();
    let (busy, rare) = (bus.create_page("busy", 1024).unwrap(), bus.create_page("rare", 1024).unwrap());
    for turn in 0..10_000u64 {
        let mut tx = bus.begin().label(turn);
        let bytes: [u8; 900] = std::array::from_fn(|at| (turn as usize * 31 + at * 7) as u8);
        tx.write(busy, 0, bytes).unwrap();
        if turn % 500 == 250 {
            tx.put(rare, 0, &turn).unwrap();
        }
        tx.commit().unwrap();
    }
    (bus, rare)
}

#[test]
fn a_history_reads_little_of_the_log() {
    let disk = Arc::new(FaultyVfs::default());
    let (bus, rare) = busy(&disk);
    let log_bytes = bus.stats().log.bytes;
    assert!(log_bytes > 9_000_000);
    // The first time, indexes are made.
    assert_eq!(bus.history(rare).unwrap().count(), 21);
    take_read(&disk);
    assert_eq!(bus.history(rare).unwrap().count(), 21);
    let read = take_read(&disk);
    assert!(read < log_bytes / 3, "{read} of {log_bytes} bytes were read");
    bus.history(rare).unwrap().next().unwrap().unwrap();
    let without = take_read(&disk);
    bus.checkpoint().unwrap();
    take_read(&disk);
    bus.history(rare).unwrap().next().unwrap().unwrap();
    let found = bus.query().page(rare).newest_first().run().unwrap().next().unwrap().unwrap();
    assert_eq!(found.label, Some(Label::new(9750)));
    let read = take_read(&disk);
    assert!(read < log_bytes / 50 + without, "{read} bytes were read");
}

#[test]
fn a_label_is_found_without_reading_the_log() {
    let disk = Arc::new(FaultyVfs::default());
    let (bus, _) = busy(&disk);
    bus.checkpoint().unwrap();
    bus.log_report().unwrap();
    take_read(&disk);
    assert!(bus.at_label(20_000u64).is_err());
    let read = take_read(&disk);
    assert!(read < 300_000, "{read} bytes were read");
}

#[test]
fn indexes_outlive_the_bus_and_serve_readers() {
    let disk = Arc::new(FaultyVfs::default());
    let (bus, rare) = busy(&disk);
    bus.checkpoint().unwrap();
    bus.log_report().unwrap();
    let log_bytes = bus.stats().log.bytes;
    bus.stop().unwrap();
    let bus = builder().read_on(disk.clone(), Path::new("bus")).unwrap();
    take_read(&disk);
    assert_eq!(bus.query().page(rare).run().unwrap().count(), 21);
    let read = take_read(&disk);
    assert!(read < log_bytes / 3, "{read} of {log_bytes} bytes were read");
}

#[test]
fn little_is_read_for_one_commit_and_much_in_one_go_for_all() {
    let disk = Arc::new(FaultyVfs::default());
    let (bus, rare) = busy(&disk);
    let log_bytes = bus.stats().log.bytes;
    bus.log_report().unwrap();
    let reads_of = |query: Query<'_>, count: usize| {
        take_read(&disk);
        assert_eq!(query.run().unwrap().count(), count);
        take_reads(&disk)
    };
    let few = reads_of(bus.query().page(rare).epochs(Epoch::new(3)..), 20);
    assert!(few.len() <= 20 + 2 && few.iter().sum::<u64>() <= 20 * 8192, "{few:?}");
    for query in [bus.query(), bus.query().newest_first()] {
        let all = reads_of(query, bus.epoch().get() as usize);
        assert!(all.iter().all(|&bytes| bytes <= 64 << 10) && all.len() as u64 <= log_bytes / (50 << 10));
    }
}
