//! What goes, and what nobody may lose.

use std::sync::atomic::{AtomicBool, Ordering};

use mmsb::{Bus, Epoch, Error, PageId, Retention};

use super::{Disk, fill_log};

#[test]
fn whole_segments_go_and_every_state_from_the_oldest_on_stays() {
    let disk = Disk::new();
    let bus = disk.create();
    let page = bus.create_page(None, 4000).unwrap();
    fill_log(&bus, page, 600);
    let before = disk.manifest().segments.len();
    let compacted = bus.compact_to(Retention::Epochs(100)).unwrap();
    assert_eq!(compacted.oldest, Epoch::new(601 - 100));
    assert_eq!(bus.oldest(), compacted.oldest);
    let after = disk.manifest().segments.len();
    assert_eq!(compacted.segment_count as usize, before - after);
    assert!(compacted.bytes > compacted.segment_count * (60 << 10), "{compacted:?}");
    let left = disk.files().iter().filter(|name| name.starts_with("seg-")).count();
    assert!(
        (after..=after + 1).contains(&left),
        "those of the manifest, and perhaps one prepared: {:?}",
        disk.files()
    );
    assert!(matches!(bus.at(Epoch::new(500)), Err(Error::HistoryGone { .. })));
    for epoch in 501..=601 {
        assert_eq!(bus.at(Epoch::new(epoch)).unwrap().epoch(), Epoch::new(epoch));
    }
    let history: Vec<_> = bus.history(page).unwrap().map(|change| change.unwrap().epoch.get()).collect();
    assert_eq!(history, (502..=601).rev().collect::<Vec<_>>());
    let again = bus.compact_to(Retention::Epochs(100)).unwrap();
    assert_eq!((again.segment_count, again.checkpoint_count), (0, 0));
}

/// While the reader loads its checkpoint, the writer makes others, and gives up what the reader would read next.
#[test]
fn who_opens_beside_a_writer_that_gives_up_files_reads_those_that_are_left() {
    let disk = Disk::new();
    let bus = disk.create();
    let page = bus.create_page(None, 3 << 20).unwrap();
    bus.capture(
        page,
        (0..3 << 20).map(|at: u32| (at.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    bus.checkpoint().unwrap();
    fill_log(&bus, page, 100);
    let (writer, is_due) = (bus.clone(), AtomicBool::new(true));
    let give_up = move |_| {
        if is_due.swap(false, Ordering::SeqCst) {
            for _ in 0..18 {
                fill_log(&writer, page, 10);
                writer.checkpoint().unwrap();
            }
            assert!(writer.compact_to(Retention::Epochs(0)).unwrap().segment_count > 0);
        }
    };
    let read = Disk::builder().on_progress(give_up).read_on(disk.vfs.clone(), Disk::path()).unwrap();
    assert_eq!((read.epoch(), read.oldest()), (bus.epoch(), bus.oldest()));
    assert_eq!(read.check(), []);
}

#[test]
fn two_chains_stay_and_either_is_enough() {
    let disk = Disk::new();
    let (bus, page) = disk.checkpointed(25, 40);
    bus.compact_to(Retention::Epochs(0)).unwrap();
    let fulls = |disk: &Disk| disk.manifest().checkpoints.iter().filter(|c| c.parent.is_none()).count();
    assert_eq!(fulls(&disk), 2);
    let newest_full = disk.manifest().checkpoints.iter().rfind(|c| c.parent.is_none()).unwrap().file_name();
    fill_log(&bus, page, 40);
    let value = bus.put(page, 0, &99u8).unwrap().epoch;
    drop(bus);
    disk.damage(&newest_full);
    let bus = disk.open();
    assert_eq!((bus.epoch(), bus.get::<u8>(page, 0).unwrap()), (value, 99));
    assert_eq!(bus.check(), []);
}

#[test]
fn a_checkpoint_applies_the_retention_that_was_asked_for() {
    let disk = Disk::new();
    let builder = Disk::builder().retain(Retention::Bytes(128 << 10));
    let bus = builder.create_on(disk.vfs.clone(), Disk::path()).unwrap();
    let page = bus.create_page(None, 4000).unwrap();
    for _ in 0..40 {
        fill_log(&bus, page, 60);
        bus.checkpoint().unwrap();
    }
    let log_bytes = bus.stats().log.bytes - disk.manifest().segments[0].first_lsn.get();
    // Two chains, and the log between: up to 17 times 60 commits of a kilobyte.
    assert!(((128 << 10)..(1 << 21)).contains(&log_bytes), "{log_bytes}");
    assert!(bus.oldest() > Epoch::ZERO);
    assert!(bus.at(bus.oldest()).is_ok());
    assert_eq!(bus.check(), []);
}

/// A bus without room for old pages, its page, and 42 in it behind some segments of log.
fn with_42(disk: &Disk) -> (Bus, PageId) {
    let bus = Disk::builder().preimage_bytes(0).create_on(disk.vfs.clone(), Disk::path()).unwrap();
    let page = bus.create_page(None, 4000).unwrap();
    fill_log(&bus, page, 200);
    bus.put(page, 3000, &42u64).unwrap();
    (bus, page)
}

#[test]
fn what_a_snapshot_needs_stays_also_once_it_has_aged() {
    let disk = Disk::new();
    let (bus, page) = with_42(&disk);
    let snapshot = bus.snapshot();
    let branch = snapshot.branch().unwrap();
    fill_log(&bus, page, 300);
    bus.put(page, 3000, &43u64).unwrap();
    assert!(snapshot.is_aged());
    let compacted = bus.compact_to(Retention::Epochs(10)).unwrap();
    assert_eq!(compacted.oldest, snapshot.epoch());
    assert_eq!(snapshot.get::<u64>(page, 3000).unwrap(), 42);
    assert_eq!(branch.get::<u64>(page, 3000).unwrap(), 42);
    drop((snapshot, branch));
    let compacted = bus.compact_to(Retention::Epochs(10)).unwrap();
    assert!(compacted.segment_count > 0, "{compacted:?}");
}

#[test]
fn what_is_being_read_stays_until_it_was() {
    let disk = Disk::new();
    let (bus, page) = with_42(&disk);
    let (commits, mut history) = (bus.commits().unwrap(), bus.history(page).unwrap());
    fill_log(&bus, page, 300);
    assert_eq!(bus.compact_to(Retention::Epochs(10)).unwrap().segment_count, 0);
    let epochs: Vec<_> = commits.map(|commit| commit.unwrap().epoch.get()).collect();
    assert_eq!(epochs, (1..=202).collect::<Vec<_>>());
    assert_eq!(bus.compact_to(Retention::Epochs(10)).unwrap().segment_count, 0);
    let epochs: Vec<_> = history.by_ref().map(|change| change.unwrap().epoch.get()).collect();
    assert_eq!(epochs, (1..=202).rev().collect::<Vec<_>>());
    drop(history);
    let compacted = bus.compact_to(Retention::Epochs(10)).unwrap();
    assert!(compacted.segment_count > 0, "{compacted:?}");
}

#[test]
fn a_reader_of_what_goes_is_told_and_reads_the_rest() {
    let disk = Disk::new();
    let bus = disk.create();
    let page = bus.create_page(None, 4000).unwrap();
    fill_log(&bus, page, 300);
    let reader = disk.read().unwrap();
    fill_log(&bus, page, 300);
    bus.checkpoint().unwrap();
    bus.compact_to(Retention::Epochs(400)).unwrap();
    let gone = reader.at(Epoch::new(100)).unwrap_err();
    assert!(matches!(gone, Error::HistoryGone { oldest, .. } if oldest == bus.oldest()), "{gone:?}");
    assert_eq!(reader.at(Epoch::new(280)).unwrap().epoch(), Epoch::new(280));
}
