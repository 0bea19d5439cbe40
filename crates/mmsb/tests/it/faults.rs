//! A disk that fails: the commit under way has an unknown outcome, the next ones are refused, nothing is lost
//! that was written.

mod ends;

use std::{path::Path, sync::Arc};

use insta::assert_snapshot;
use mmsb::{
    Bus, Committed, Durability, Epoch, Error, PageId,
    vfs::{
        FaultyVfs,
        faulty::{Failure, FailureKind},
    },
};

const PATH: &str = "bus";

/// A bus with one page of 800 bytes, its first word written as 1 by e2.
fn bus_on(disk: &FaultyVfs) -> (Bus, PageId) {
    let bus = Bus::builder().create_on(Arc::new(disk.clone()), Path::new(PATH)).unwrap();
    let page = bus.create_page("page", 800).unwrap();
    bus.put(page, 0, &1u64).unwrap();
    (bus, page)
}

/// Lets every call fail that can fail this way, from now on.
fn fail(disk: &FaultyVfs, kind: FailureKind) {
    disk.fail(Failure { at: 0, kind, sticky: true });
}

/// Writes 2 into the page.
fn put(bus: &Bus, page: PageId, durability: Durability) -> Result<Committed, Error> {
    let mut tx = bus.begin().durability(durability);
    tx.put(page, 0, &2u64).unwrap();
    tx.commit()
}

fn reopen(disk: &FaultyVfs) -> Bus {
    disk.mend();
    Bus::builder().open_on(Arc::new(disk.clone()), Path::new(PATH)).unwrap()
}

/// The message and its causes.
fn whole(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}\n  because {cause}");
        source = cause.source();
    }
    text
}

/// Offsets are the format's matter.
fn without_digits(text: &str) -> String {
    text.replace(|c: char| c.is_ascii_digit(), "#")
}

#[test]
fn a_commit_whose_write_fails_has_an_unknown_outcome_and_poisons_the_bus() {
    let disk = FaultyVfs::new();
    let (bus, page) = bus_on(&disk);
    fail(&disk, FailureKind::NoSpace);
    // Half of it lands, and that is half of the frame.
    let error = bus.put(page, 0, &[2u64; 100]).unwrap_err();
    // Either this commit's own flush failed, or the flusher's did before it.
    assert!(matches!(&error, Error::OutcomeUnknown { epoch, .. } if *epoch == Epoch::new(3)), "{error:?}");
    assert!(whole(&error).contains("a planned failure (NoSpace) of Write"), "{}", whole(&error));
    let refused = bus.put(page, 0, &3u64).unwrap_err();
    assert_snapshot!(without_digits(&refused.to_string()), @"the bus is poisoned (writing bus/seg-# at offset ###: a planned failure (NoSpace) of Write): reopen it, what was durable is recovered");
    assert_eq!(bus.get::<u64>(page, 0).unwrap(), 2, "the commit is visible here");
    assert_eq!(bus.epoch(), Epoch::new(3));
    assert_eq!(
        bus.at(Epoch::new(2)).unwrap().get::<u64>(page, 0).unwrap(),
        1,
        "what was written can be read"
    );
    assert!(matches!(bus.at(Epoch::new(3)), Err(Error::Poisoned { .. })));
    assert!(matches!(bus.stop(), Err(Error::Poisoned { .. })));
    let bus = reopen(&disk);
    assert_eq!((bus.epoch(), bus.get::<u64>(page, 0).unwrap()), (Epoch::new(2), 1));
    assert_eq!(bus.put(page, 0, &4u64).unwrap().epoch, Epoch::new(3));
    assert_eq!(bus.check(), []);
}

#[test]
fn a_sync_that_fails_leaves_the_outcome_unknown_and_nobody_asks_again() {
    let disk = FaultyVfs::new();
    let (bus, page) = bus_on(&disk);
    fail(&disk, FailureKind::Sync);
    let error = put(&bus, page, Durability::Synced).unwrap_err();
    assert_snapshot!(without_digits(&whole(&error)), @"
    whether e# survives is not known: reopen the bus and look for it there
      because syncing bus/seg-# at offset ###
      because a planned failure (Sync) of Sync
    ");
    assert!(matches!(bus.put(page, 0, &3u64), Err(Error::Poisoned { .. })));
    drop(bus);
    let bus = reopen(&disk);
    assert_eq!(bus.get::<u64>(page, 0).unwrap(), 2, "the write itself had landed");
}

#[test]
fn a_volatile_commit_is_visible_and_the_failure_is_told_to_the_next() {
    let disk = FaultyVfs::new();
    let (bus, page) = bus_on(&disk);
    fail(&disk, FailureKind::NoSpace);
    assert_eq!(put(&bus, page, Durability::Volatile).unwrap().reached, Durability::Volatile);
    let next = bus.put(page, 0, &3u64).unwrap_err();
    assert!(matches!(next, Error::OutcomeUnknown { .. } | Error::Poisoned { .. }), "{next:?}");
}
