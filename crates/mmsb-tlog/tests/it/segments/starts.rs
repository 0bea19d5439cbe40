//! Reading from the middle on: any place between two records is as good a start as the first.

use mmsb_tlog::{Cursor, LogError, Reader, Scan, Tail};

use super::{cursors, log};
use crate::common::{commits, set_bytes_of, unread};

#[test]
fn a_scan_and_a_reader_go_on_from_any_cursor() {
    let (dir, _) = log();
    let (whole, good) = (Scan::run(&dir).unwrap(), commits(&dir));
    for start in cursors(&dir) {
        let scan = Scan::from(&dir, start).unwrap();
        assert_eq!((scan.end, scan.frame_count), (whole.end, 8 - start.number), "{start:?}");
        let mut reader = Reader::new(&dir, start, scan.end.lsn).unwrap();
        let mut count = 0;
        while let Some(commit) = reader.next_commit().unwrap() {
            count += 1;
            assert_eq!(commit.frame.number, start.number + count);
        }
        assert_eq!(start.number + count, good.len() as u64, "{start:?}");
    }
}

#[test]
fn what_is_before_the_start_is_not_looked_at() {
    let (dir, segments) = log();
    let start = cursors(&dir).into_iter().find(|cursor| cursor.number == 5).unwrap();
    let mut bytes = segments[0].1.clone();
    bytes[100] ^= 1;
    set_bytes_of(&dir, &segments[0].0, &bytes);
    assert_eq!(Scan::from(&dir, start).unwrap().frame_count, 3);
    assert!(Scan::run(&dir).is_err());
}

#[test]
fn a_start_that_the_log_disagrees_with_is_damage() {
    let (dir, _) = log();
    for start in cursors(&dir) {
        let other = Cursor { chain: start.chain ^ 1, ..start };
        let failed = Scan::from(&dir, other);
        let at_the_end = start == Scan::run(&dir).unwrap().end;
        let is_told = failed.is_err() || matches!(failed, Ok(Scan { tail: Tail::Torn(_), .. }));
        assert_eq!(is_told, !at_the_end, "{other:?}");
    }
}

#[test]
fn a_start_before_the_log_is_history_that_is_gone_unless_it_is_the_end_of_what_is_gone() {
    let (dir, segments) = log();
    let cursors = cursors(&dir);
    let first_end = cursors.iter().copied().find(|cursor| cursor.number == 3).unwrap();
    dir.edit(|next| {
        next.checkpoints.push(unread(first_end));
        next.segments.remove(0);
    })
    .unwrap();
    assert_eq!(Scan::from(&dir, first_end).unwrap().frame_count, 5);
    assert_eq!(Cursor::first(&dir), segments[1].0.cursor());
    for start in cursors.into_iter().filter(|cursor| cursor.number < 3) {
        let gone = Scan::from(&dir, start);
        assert!(matches!(gone, Err(LogError::HistoryGone { oldest: 3 })), "{start:?}: {gone:?}");
    }
}

#[test]
fn a_log_that_ends_before_its_newest_checkpoint_is_damaged_and_is_never_cut() {
    let (dir, segments) = log();
    let cursors = cursors(&dir);
    let newest = *cursors.iter().find(|cursor| cursor.number == 8).unwrap();
    dir.edit(|next| next.checkpoints.push(unread(newest))).unwrap();
    let (last, bytes) = &segments[2];
    let needed = (newest.lsn.get() - last.first_lsn.get()) as usize;
    for len in 64..bytes.len() {
        for zeros in [0, 64] {
            let mut cut = bytes[..len].to_vec();
            cut.resize(len + zeros, 0);
            set_bytes_of(&dir, last, &cut);
            assert_eq!(Scan::from(&dir, newest).is_ok(), needed <= len + zeros, "{len}+{zeros}");
            if !cut.starts_with(&bytes[..needed]) {
                let told = Scan::run(&dir).unwrap_err();
                let is_there = matches!(&told, LogError::Corrupt { file, .. } if file.ends_with("seg-3"));
                assert!(is_there, "{len}+{zeros}: {told:?}");
            }
        }
    }
}
