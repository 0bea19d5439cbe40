//! What people read: diffs, changes, commits, statistics, and every error.

use std::{io, path::PathBuf};

use insta::assert_snapshot;
use mmsb::{Bus, Epoch, Error, FixedClock, Label, LogError, Misfit, PageId, PageLocation, Span, diff};
use mmsb_testkit::dump;

/// A short life: two pages, a tag, labels, a name that changes, a deletion.
fn lived() -> Bus {
    let bus = Bus::builder().clock(FixedClock(5)).in_memory().unwrap();
    let mut tx = bus.begin().label(0).tag("setup");
    let (world, score) = (tx.create_page("world", 24).unwrap(), tx.create_page("score", 4).unwrap());
    tx.write(world, 0, b"hello").unwrap();
    tx.commit().unwrap();
    let mut tx = bus.begin().label(1).tag("ai");
    tx.write(world, 4, [0xff]).unwrap();
    tx.write(world, 16, [1, 2, 3]).unwrap();
    tx.name_page(score, "points").unwrap();
    tx.commit().unwrap();
    let mut tx = bus.begin();
    tx.name_page(world, None).unwrap();
    tx.delete_page(score).unwrap();
    tx.create_page(None, 2).unwrap();
    tx.commit().unwrap();
    bus
}

fn at(bus: &Bus, epoch: u64) -> mmsb::Past {
    bus.at(Epoch::new(epoch)).unwrap()
}

#[test]
fn a_diff_names_pages_places_and_bytes() {
    let bus = lived();
    assert_snapshot!(diff(&at(&bus, 1), &at(&bus, 2)).unwrap(), @r#"
    e1 and e2 differ in 2 pages
      page:1 "world", written by e1 / e2:
        4+1: 6f -> ff
        16+3: 000000 -> 010203
      page:2 "score" is named "points" on the right
    "#);
    assert_snapshot!(diff(&at(&bus, 2), &bus).unwrap(), @r#"
    e2 and e3 differ in 3 pages
      page:1 "world" has no name on the right
      page:2 "points" (4 bytes) only on the left
      page:3 (2 bytes) only on the right
    "#);
    assert_snapshot!(diff(&bus, &at(&bus, 2)).unwrap(), @r#"
    e3 and e2 differ in 3 pages
      page:1 has no name on the left, "world" on the right
      page:2 "points" (4 bytes) only on the right
      page:3 (2 bytes) only on the left
    "#);
    assert_snapshot!(diff(&bus, &at(&bus, 3)).unwrap(), @"e3 and e3 are equal");
}

#[test]
fn a_long_diff_is_cut_and_says_so() {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin();
    let pages: Vec<_> = (0..20).map(|_| tx.create_page(None, 200).unwrap()).collect();
    tx.commit().unwrap();
    let mut tx = bus.begin();
    (0..10).for_each(|run| tx.write(pages[0], run * 20, [1]).unwrap());
    tx.write(pages[1], 0, [2; 40]).unwrap();
    pages[2..].iter().for_each(|&page| tx.write(page, 9, [3]).unwrap());
    tx.commit().unwrap();
    let text = diff(&at(&bus, 1), &bus).unwrap().to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_snapshot!(lines[8..14].join("\n"), @r"
        120+1: 00 -> 01
        140+1: 00 -> 01
        and 2 runs more
      page:2, written by e1 / e2:
        0+40: 00000000000000000000000000000000.. -> 02020202020202020202020202020202..
      page:3, written by e1 / e2:
    ");
    assert_eq!(lines.last(), Some(&"  and 4 pages more"));
}

#[test]
fn a_history_goes_newest_first_and_says_who() {
    let bus = lived();
    let told = |page| bus.history(PageId::new(page)).unwrap().map(|change| change.unwrap().to_string());
    assert_snapshot!(told(1).collect::<Vec<_>>().join("\n"), @r#"
    e3 page:1 lost its name
    e2 label:1 page:1 written by ai
      4+1: 6f -> ff
      16+3: 000000 -> 010203
    e1 label:0 page:1 created with 24 bytes named "world" by setup
      0+5: 0000000000 -> 68656c6c6f
    "#);
    assert_snapshot!(told(2).collect::<Vec<_>>().join("\n"), @r#"
    e3 page:2 deleted
    e2 label:1 page:2 named "points" by ai
    e1 label:0 page:2 created with 4 bytes named "score" by setup
    "#);
}

#[test]
fn a_commit_is_a_line() {
    let told: Vec<_> = lived().commits().unwrap().map(|commit| commit.unwrap().to_string()).collect();
    assert_snapshot!(told.join("\n"), @r"
    e1 label:0 by setup: 1 pages, 1 runs, 5 bytes
    e2 label:1 by ai: 1 pages, 2 runs, 4 bytes
    e3: 0 pages, 0 runs, 0 bytes
    ");
    let first = lived().commits().unwrap().next().unwrap().unwrap();
    assert_eq!(first.timestamp_nanos, Some(5));
}

#[test]
fn a_state_is_a_few_lines() {
    assert_snapshot!(dump(&at(&lived(), 2)).unwrap(), @r#"
    e2 label:1
    page:1 "world", 24 bytes of e2: 68 65 6c*2 ff 00*11 01 02 03 00*5
    page:2 "points", 4 bytes of e1: 00*4
    "#);
}

#[test]
fn debugging_a_bus_prints_no_pages() {
    let bus = lived();
    assert_snapshot!(format!("{bus:?}"), @"Bus { epoch: e3, page_count: 2, .. }");
    assert!(format!("{:?}", at(&bus, 3)).len() < 600);
}

#[test]
fn every_error_says_what_to_do_next() {
    let (page, epoch, file) = (PageId::new(3), Epoch::new(7), PathBuf::from("run/seg-1"));
    let refused = || io::Error::other("no");
    let misfit = Misfit::OutOfBounds { span: Span::new(9, 4), page_bytes: 10 };
    let errors = [
        Error::PageNotFound { page, epoch },
        Error::NameTaken { name: "world".into(), page },
        Error::Text { what: "a tag", bytes: 0 },
        Error::PageLength { page_bytes: 0 },
        Error::InvalidDelta { page, misfit },
        Error::InvalidDelta { page, misfit: Misfit::WrongLength { got: 4, page_bytes: 10 } },
        Error::OutOfBounds { page, offset: 9, len: 4, page_bytes: 10 },
        Error::InvalidValue { page, offset: 9, type_name: "bool" },
        Error::Conflict { page },
        Error::UnsupportedLocation { location: PageLocation::Device },
        Error::EpochAhead { asked: epoch.next(), newest: epoch },
        Error::LabelNotFound { label: Label::new(4) },
        Error::HistoryGone { asked: Epoch::new(1), oldest: epoch },
        Error::SnapshotTooOld { epoch },
        Error::NoHistory,
        Error::RecordTooLarge { bytes: 11, limit: 10 },
        Error::IdsUsedUp { limit: 10 },
        Error::EpochsUsedUp { limit: 10 },
        Error::Stopped,
        Error::ReadOnly,
        Error::Poisoned { cause: "syncing".into() },
        Error::OutcomeUnknown { epoch, source: LogError::Poisoned { cause: String::new() } },
        Error::Busy { what: "a page", waited_ms: 10 },
        Error::OutOfMemory { page_bytes: 10, source: refused() },
        Error::NotABus { path: "run".into(), what: "it has no manifest" },
        Error::AlreadyExists { path: "run".into() },
        Error::Locked { path: "run".into(), source: refused() },
        Error::Corrupt { file: file.clone(), offset: 64, number: 7, what: "zeros".into() },
        Error::Truncated { file: file.clone(), offset: 64, number: 7, what: "cut short".into() },
        Error::UnsupportedVersion { file: file.clone(), found: 9, supported: 1 },
        Error::Io { operation: "reading", file, offset: 64, source: refused() },
    ];
    assert_snapshot!(errors.map(|error| error.to_string()).join("\n"), @r#"
    page:3 does not exist at e7: list the pages there, or ask another epoch
    the name "world" belongs to page:3: choose another, or delete or rename that page first
    a tag of 0 bytes: give it 1 to 1024 bytes of UTF-8
    a page of 0 bytes: give it 1 byte to 16 MiB
    writing page:3: run 9+4 passes the end of a page of 10 bytes; nothing was written: check offset and length
    writing page:3: whole-page patch of 4 bytes for a page of 10 bytes; nothing was written: check offset and length
    reading page:3: 4 bytes at 9 pass its end at 10: check offset and length
    page:3 at 9 holds no valid bool: read the bytes instead
    page:3 changed under the transaction: begin again from its new bytes
    no Device memory here: create the page with PageLocation::Host or Auto
    e8 lies ahead: ask e7, the newest state, or one before it
    no commit carries label:4: `mmsb log` shows the labels there are
    e1 is gone, the oldest state kept is e7: keep more history in the builder
    the snapshot of e7 is too old: take one more often, or keep more history or pre-images in the builder
    this bus keeps no history: create it with a path, or in memory
    the commit makes a record of 11 bytes, the limit is 10: split it, or raise the limit
    no page id is left, page:10 is the last: keep on with the pages there are, or begin a new bus
    no epoch is left, e10 is the last: begin a new bus
    the bus is stopped: open it again to write
    the bus is open for reading only: open it with Bus::open to write
    the bus is poisoned (syncing): reopen it, what was durable is recovered
    whether e7 survives is not known: reopen the bus and look for it there
    a page stayed in use for 10 ms: try again
    no memory for a page of 10 bytes: delete pages, or give the process more
    run is not a bus (it has no manifest): check the path, or create one there
    run already exists: open it, or choose another path
    run is open for writing elsewhere: stop that, or open this one for reading only
    run/seg-1 is damaged at offset 64, record 7 (zeros): `mmsb verify` lists all damage
    run/seg-1 ends inside record 7 at offset 64 (cut short): restore the whole file
    run/seg-1 has format version 9, this build reads 1: use a build that reads it
    reading run/seg-1 at offset 64: see the cause, then try again
    "#);
}
