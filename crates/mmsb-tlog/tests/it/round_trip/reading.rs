//! A reader goes on from any cursor, and never shows a wrong commit.

use std::path::Path;

use mmsb_delta::Patch;
use mmsb_tlog::{
    Cursor, LogError, Reader,
    vfs::{Access, MemoryVfs},
};
use mmsb_types::{Durability, Epoch, Lsn};

use super::contents;
use crate::common::{Content, commit, create, open};

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
    dir.open_segment(&dir.manifest().last_segment(), Access::ReadWrite).unwrap().truncate(1_000_000).unwrap();
    for _ in 0..2 {
        let failure = reader.next_commit().unwrap_err();
        assert!(matches!(failure, LogError::Corrupt { number: 2, .. }), "{failure}");
    }
}

#[test]
fn a_reader_that_skips_finds_the_same_commits_at_the_same_places() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    contents().iter().for_each(|content| log.wait(commit(&log, content), Durability::Written).unwrap());
    let start = || Reader::new(&dir, Cursor::first(&dir), log.written_end().lsn).unwrap();
    for number in 1..=7 {
        let (mut reading, mut skipping) = (start(), start());
        (1..number).for_each(|_| assert!(reading.next_commit().unwrap().is_some()));
        skipping.skip_to(Epoch::new(number)).unwrap();
        let [one, other] = [&mut reading, &mut skipping].map(|reader| {
            let frame = reader.next_commit().unwrap().unwrap().frame;
            (frame.number, frame.checksum, frame.bytes)
        });
        assert_eq!((one, reading.cursor()), (other, skipping.cursor()), "{number}");
    }
    let mut reader = start();
    reader.skip_to(Epoch::new(9)).unwrap();
    assert!(reader.next_commit().unwrap().is_none());
}

#[test]
fn what_is_skipped_must_still_have_sound_heads() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    let content = Content::default().patch(2, Patch::Page { bytes: &[1; 100] });
    let starts: Vec<u64> = (0..3)
        .map(|_| {
            let start = log.written_end().lsn.get();
            log.wait(commit(&log, &content), Durability::Written).unwrap();
            start
        })
        .collect();
    let end = log.written_end().lsn;
    let segment = dir.open_segment(&dir.manifest().last_segment(), Access::ReadWrite).unwrap();
    let skipped = |offset: u64, bytes: &[u8]| {
        let mut kept = vec![0; bytes.len()];
        segment.read_at(offset, &mut kept).unwrap();
        segment.write_at(offset, bytes).unwrap();
        let mut reader = Reader::new(&dir, Cursor::first(&dir), end).unwrap();
        let failure = reader.skip_to(Epoch::new(3)).map_err(|failure| failure.to_string());
        segment.write_at(offset, &kept).unwrap();
        failure
    };
    assert_eq!(skipped(starts[1] + 40, &[7; 8]), Ok(()), "a body is not looked at");
    assert!(skipped(starts[1] + 16, &[7; 4]).is_err(), "a head is");
}
