//! What goes in comes out: over every disk that keeps bytes, and over the one that does not.

use std::{path::Path, sync::Arc};

use mmsb_delta::Patch;
use mmsb_tlog::{
    Cursor, Log, LogDir, LogError, LogOptions, Reader, Scan, SectionKind, Tail,
    vfs::{Access, MemoryVfs, NullVfs, OsVfs, Vfs},
};
use mmsb_types::{Durability, Lsn, Span};

use crate::common::{
    Content, HEAD_BYTES, INSTANCE, Layout, commit, commits, create, open, plain, segment_bytes, single,
};

fn contents() -> Vec<Content> {
    vec![
        single("one"),
        plain(3, "two"),
        Content::default(),
        Content::default().patch(1, Patch::PageFill { page_bytes: 4096, byte: 7 }),
        Content::default().patch(1 << 35, Patch::Bytes { offset: 3 << 20, bytes: &[9; 5000] }),
        Content::default().patch(2, Patch::Page { bytes: &[1; 100_000] }),
        Content::default().section(SectionKind::SCHEMA, &[4; 70_000]),
    ]
}

/// The one door: the commits come back from `vfs`, before and after opening again.
#[track_caller]
fn check(vfs: impl Vfs, path: &Path) {
    let dir = create(vfs, path);
    let log = open(&dir);
    let mut expect = Layout::new(INSTANCE);
    for (index, content) in contents().iter().enumerate() {
        assert_eq!(commit(&log, content), index as u64 + 1);
        expect.frame(content);
    }
    log.wait(contents().len() as u64, Durability::Written).unwrap();
    let expect = frames_alone(&expect.bytes);
    assert_eq!(frames_alone(&segment_bytes(&dir)), expect, "same commits, same frames");
    let seen = commits(&dir);
    assert_eq!(seen.len(), contents().len());
    log.close().unwrap();
    drop(log);
    let dir = dir.reopen().unwrap();
    assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: true });
    assert_eq!(commits(&dir), seen);
    let log = open(&dir);
    assert_eq!(commit(&log, &single("after")), contents().len() as u64 + 1);
    drop(log);
    assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: false }, "no closing mark without close");
    assert_eq!(commits(&dir)[..seen.len()], seen);
    assert_eq!(commits(&dir).len(), seen.len() + 1);
}

/// The bytes of a log without its marks, which tell when it was flushed.
fn frames_alone(bytes: &[u8]) -> Vec<u8> {
    let places = crate::common::places(bytes).into_iter().filter(|place| !place.is_mark());
    places.flat_map(|place| bytes[place.offset..place.end()].to_vec()).collect()
}

#[test]
fn commits_come_back_from_the_systems_disk() {
    let root = tempfile::tempdir().unwrap();
    check(OsVfs, &root.path().join("bus"));
}

#[test]
fn commits_come_back_from_memory() {
    check(MemoryVfs::new(), Path::new("/bus"));
}

#[test]
fn a_null_disk_takes_a_log_and_shows_none() {
    let vfs = NullVfs::default();
    let dir = LogDir::create(Arc::new(vfs.clone()), Path::new("/bus"), INSTANCE).unwrap();
    let log = Log::open(&dir, dir.lock().unwrap(), &Scan::empty(&dir), LogOptions::default()).unwrap();
    for content in contents() {
        commit(&log, &content);
    }
    log.wait(7, Durability::Synced).unwrap();
    assert_eq!(log.reached(7), Durability::Synced);
    assert_eq!(vfs.written_bytes() % 8, 4, "whole records, and a manifest of 84 bytes");
    log.close().unwrap();
    assert!(Scan::run(&dir).is_err());
    assert!(matches!(dir.reopen(), Err(LogError::NotABus { .. })));
}

#[test]
fn one_flushed_commit_leaves_exactly_a_frame_and_a_mark() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    let mut expect = Layout::new(INSTANCE);
    for (content, durability) in
        contents().iter().zip([Durability::Written, Durability::Synced].iter().cycle())
    {
        // A mark tells what was durable before it: of each pair, the second one is synced.
        let durable = (expect_number(&expect) / 2) * 2;
        let number = commit(&log, content);
        log.wait(number, *durability).unwrap();
        expect.frame(content).mark(durable, false);
    }
    log.close().unwrap();
    expect.mark(7, true);
    assert!(segment_bytes(&dir) == expect.bytes);
}

fn expect_number(layout: &Layout) -> u64 {
    crate::common::places(&layout.bytes).last().map_or(0, |place| place.number)
}

#[test]
fn closing_twice_writes_one_mark_and_an_unused_log_closes_once() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    log.close().unwrap();
    log.close().unwrap();
    drop(log);
    open(&dir).close().unwrap();
    assert_eq!(segment_bytes(&dir).len(), HEAD_BYTES + 64);
    let log = open(&dir);
    log.wait(commit(&log, &single("later")), Durability::Synced).unwrap();
    log.close().unwrap();
    assert_eq!(Scan::run(&dir).unwrap().mark_count, 3);
}

#[test]
fn a_reader_goes_on_from_any_cursor() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    contents().iter().for_each(|content| log.wait(commit(&log, content), Durability::Written).unwrap());
    let end = log.written_end();
    let mut reader = Reader::new(&dir, Cursor::first(&dir), end.lsn).unwrap();
    let mut cursors = vec![reader.cursor()];
    while reader.next_commit().unwrap().is_some() {
        cursors.push(reader.cursor());
    }
    for (index, cursor) in cursors.iter().enumerate() {
        let mut reader = Reader::new(&dir, *cursor, end.lsn).unwrap();
        let mut numbers = Vec::new();
        while let Some(commit) = reader.next_commit().unwrap() {
            numbers.push(commit.frame.number);
        }
        assert_eq!(numbers, (index as u64 + 1..=7).collect::<Vec<_>>());
    }
    let before = Cursor { lsn: Lsn::new(8), ..cursors[0] };
    assert!(matches!(Reader::new(&dir, before, end.lsn), Err(LogError::HistoryGone { oldest: 0 })));
}

#[test]
fn a_log_cut_under_its_reader_is_an_error_and_no_wrong_commit() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    let big = Content::default().patch(2, Patch::Page { bytes: &[1; 900_000] });
    (0..3).for_each(|_| log.wait(commit(&log, &big), Durability::Written).unwrap());
    let mut reader = Reader::new(&dir, Cursor::first(&dir), log.written_end().lsn).unwrap();
    assert_eq!(reader.next_commit().unwrap().unwrap().frame.number, 1);
    dir.open_segment(Access::ReadWrite).unwrap().truncate(1_000_000).unwrap();
    for _ in 0..2 {
        let failure = reader.next_commit().unwrap_err();
        assert!(matches!(failure, LogError::Corrupt { number: 2, .. }), "{failure}");
    }
}

#[test]
fn a_boxed_room_takes_a_frame_that_turns_out_short() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    for _ in 0..200 {
        let room = log.room(1 << 20).unwrap();
        let mut frame = single("short").encode();
        log.publish(log.reserve(room, frame.len()), &mut frame);
    }
    let room = log.room(40_000).unwrap();
    let mut frame = single("shorter than its room").encode();
    log.publish(log.reserve(room, frame.len()), &mut frame);
    log.close().unwrap();
    let seen = commits(&dir);
    assert_eq!(seen.len(), 201);
    assert!(seen[..200].iter().all(|text| text.contains(&format!("{:?}", b"short".as_slice()))));
}

#[test]
fn room_that_is_dropped_comes_back() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    for _ in 0..1000 {
        drop(log.room(60_000).unwrap());
        drop(log.room(20 << 20).unwrap());
    }
    commit(&log, &single("still"));
    log.close().unwrap();
    assert_eq!(commits(&dir).len(), 1);
}

#[test]
#[should_panic(expected = "does not fit its room")]
fn a_frame_longer_than_its_boxed_room_is_refused() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    let _ = log.reserve(log.room(70_000).unwrap(), 80_000);
}

#[test]
fn a_record_beyond_the_limit_is_refused_and_one_at_it_is_not() {
    let fill = Patch::Fill { span: Span::new(0, 4), byte: 1 };
    let content =
        Content::default().patch(1 << 35, fill).patch(2, Patch::Bytes { offset: 0, bytes: &[5; 50] });
    let (sections, batch) = (&content.sections, &content.batch);
    let bytes = content.encode().len() as u32;
    let mut frame = content.encode();
    frame.encode(sections, batch, bytes).unwrap();
    let refusal = frame.encode(sections, batch, bytes - 1).unwrap_err();
    assert_eq!(refusal.to_string(), format!("a record of {bytes} bytes exceeds the limit of {}", bytes - 1));
    assert!(frame.is_empty());
    assert!(content.bound() >= bytes as usize);
}
