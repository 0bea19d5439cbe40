//! Cutting behind a frame, and the hashes of states between the frames, across segments.

use std::thread;

use mmsb_tlog::{Cursor, LogDir, Reader, Record, Scan, vfs::MemoryVfs};
use mmsb_types::{Durability, Lsn};

use super::{segments, short_segments};
use crate::common::{commit, commits, page, single};

/// The numbers of the frames behind a place.
fn numbers_from(dir: &LogDir, start: Cursor, end: Lsn) -> Vec<u64> {
    let mut reader = Reader::new(dir, start, end).unwrap();
    let mut numbers = Vec::new();
    while let Some(commit) = reader.next_commit().unwrap() {
        numbers.push(commit.epoch.get());
    }
    numbers
}

#[test]
fn a_cut_tells_the_place_behind_its_frame() {
    let (dir, log) = short_segments(MemoryVfs::new(), 64 + 2 * 64 + 64);
    let mut cuts = vec![log.cut(|| 0).unwrap().behind];
    for turn in 1..=7 {
        commit(&log, &single("x"));
        if turn % 3 == 0 {
            // Written by now, or not.
            log.wait(turn, Durability::Written).unwrap();
        }
        let cut = log.cut(|| log.last_number()).unwrap();
        let before = cut.before.expect("this log wrote the frame");
        assert_eq!(numbers_from(&dir, before, cut.behind.lsn), [turn], "{cut:?}");
        cuts.push(cut.behind);
    }
    let end = log.written_end().lsn;
    for (number, cut) in (0..).zip(&cuts) {
        assert_eq!(cut.number, number);
        assert_eq!(numbers_from(&dir, *cut, end), (number + 1..=7).collect::<Vec<_>>(), "behind {cut:?}");
        assert_eq!(Scan::from(&dir, *cut).unwrap().end.number, 7);
    }
    assert_eq!(commits(&dir).len(), 7);
}

#[test]
fn a_cut_waits_for_frames_under_way() {
    let (dir, log) = short_segments(MemoryVfs::new(), u64::MAX);
    thread::scope(|scope| {
        scope.spawn(|| (0..2000).for_each(|_| assert!(commit(&log, &single("x")) > 0)));
        scope.spawn(|| (0..20).for_each(|_| assert!(commit(&log, &page(&[1; 70_000])) > 0)));
        let mut before = 0;
        while before < 2020 {
            let cut = log.cut(|| log.last_number()).unwrap().behind;
            assert!(cut.number >= before);
            before = cut.number;
            let behind = numbers_from(&dir, cut, log.written_end().lsn);
            assert_eq!(behind.first().copied().unwrap_or(before + 1), before + 1);
        }
    });
}

#[test]
#[should_panic(expected = "cannot be cut behind e1: e2 is written")]
fn what_is_written_cannot_be_cut_apart() {
    let (_, log) = short_segments(MemoryVfs::new(), u64::MAX);
    (0..2).for_each(|_| log.wait(commit(&log, &single("x")), Durability::Written).unwrap());
    let _ = log.cut(|| 1);
}

#[test]
fn hashes_of_states_stand_between_the_frames() {
    let (dir, log) = short_segments(MemoryVfs::new(), 64 + 2 * 64 + 64);
    for turn in 1..=5 {
        commit(&log, &single("x"));
        if turn % 2 == 0 {
            log.append_state(turn, [turn as u8; 32]).unwrap();
        }
    }
    log.close().unwrap();
    assert_eq!(commits(&dir).len(), 5);
    assert_eq!(segments(&dir), "1-2:320 3-4:320 5-5:256");
    let mut reader = Reader::new(&dir, Cursor::first(&dir), log.written_end().lsn).unwrap();
    let mut states = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        if let Record::State(state) = record {
            states.push((state.number, state.hash[0]));
        }
    }
    assert_eq!(states, [(2, 2), (4, 4)]);
}
