//! A reader goes on from any cursor, and never shows a wrong commit.

use std::path::Path;

use mmsb_delta::Patch;
use mmsb_tlog::{
    Cursor, LogError, Reader,
    vfs::{Access, MemoryVfs},
};
use mmsb_types::{Durability, Lsn};

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
