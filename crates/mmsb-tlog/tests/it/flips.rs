//! Every bit of a small log, flipped; every length of it, cut: the recovery rule, record by record.

mod cuts;

use mmsb_tlog::{LogDir, LogError, Scan, Tail, Verification};

use crate::common::{
    HEAD_BYTES, Place, commits, commits_up_to, flipped, log_of, places, segment_bytes, set_segment_bytes,
    specimen,
};

/// Whether a mark behind `place` says that it was durable.
fn is_covered(places: &[Place], place: &Place) -> bool {
    let later = places.iter().filter(|other| other.offset > place.offset);
    later.filter_map(|other| other.synced_through).any(|synced| synced >= place.number)
}

fn frames_before(places: &[Place], offset: usize) -> usize {
    places.iter().filter(|place| !place.is_line && place.end() <= offset).count()
}

/// The one door: a log of `bytes` whose record at `place` is damaged is judged as the rule says.
#[track_caller]
fn check(dir: &LogDir, bytes: &[u8], good: &[String], places: &[Place], place: &Place, what: &str) {
    set_segment_bytes(dir, bytes);
    let covered = is_covered(places, place);
    let verification = Verification::run(dir).unwrap();
    let named: Vec<_> =
        verification.bad.iter().map(|bad| (bad.offset as usize, bad.number, bad.covered)).collect();
    let number = place.number;
    assert_eq!(named, [(place.offset, number, covered)], "{what}: {:?}", verification.bad);
    assert_eq!(verification.is_damaged(), covered, "{what}");
    match Scan::run(dir) {
        Err(LogError::Corrupt { offset, number: found, .. }) => {
            assert!(covered, "{what}: refused though nothing durable is lost");
            assert_eq!((offset as usize, found), (place.offset, number), "{what}");
        }
        Err(other) => panic!("{what}: {other}"),
        Ok(scan) => {
            assert!(!covered, "{what}: durable bytes would be cut");
            assert_eq!(scan.end.lsn.get() as usize, place.offset, "{what}");
            assert!(matches!(scan.tail, Tail::Torn(_)), "{what}: {:?}", scan.tail);
            let kept = frames_before(places, place.offset);
            assert_eq!(scan.frame_count as usize, kept, "{what}");
            assert_eq!(commits_up_to(dir, scan.end.lsn), good[..kept], "{what}");
        }
    }
    assert_eq!(segment_bytes(dir), bytes, "{what}: looking changed the file");
}

#[track_caller]
fn check_every_flip(bytes: &[u8]) {
    let (dir, places) = (log_of(bytes), places(bytes));
    let good = commits(&dir);
    for place in &places {
        for bit in place.offset * 8..place.end() * 8 {
            let flipped = flipped(bytes, bit);
            let what = format!("bit {} of byte {} of {place:?}", bit % 8, bit / 8 - place.offset);
            check(&dir, &flipped, &good, &places, place, &what);
        }
    }
}

#[test]
fn every_flip_in_a_log_that_was_not_closed_is_named_and_judged() {
    check_every_flip(&specimen(false));
}

#[test]
fn every_flip_in_a_closed_log_is_named_and_judged() {
    check_every_flip(&specimen(true));
}

#[test]
fn every_flip_before_prewritten_zeros_is_named_and_judged() {
    let mut bytes = specimen(false);
    bytes.resize(bytes.len() + 200, 0);
    check_every_flip(&bytes);
}

#[test]
fn a_flip_in_prewritten_zeros_costs_no_commit() {
    let mut bytes = specimen(true);
    let end = bytes.len();
    bytes.resize(end + 160, 0);
    let dir = log_of(&bytes);
    let good = commits(&dir);
    for bit in end * 8..bytes.len() * 8 {
        set_segment_bytes(&dir, &flipped(&bytes, bit));
        let scan = Scan::run(&dir).unwrap();
        assert_eq!((scan.end.lsn.get() as usize, scan.frame_count), (end, 8), "bit {bit}");
        assert!(matches!(&scan.tail, Tail::Torn(bad) if bad.offset as usize == end), "bit {bit}");
        assert_eq!(commits(&dir), good, "bit {bit}");
        let found = Verification::run(&dir).unwrap();
        assert_eq!((found.bad.len(), found.is_damaged()), (1, false), "bit {bit}");
    }
}

#[test]
fn every_flip_in_the_segments_head_refuses_the_bus() {
    let bytes = specimen(true);
    let dir = log_of(&bytes);
    for bit in 0..HEAD_BYTES * 8 {
        set_segment_bytes(&dir, &flipped(&bytes, bit));
        let refusal = dir.reopen().unwrap_err();
        let is_named = matches!(&refusal, LogError::Corrupt { file, offset: 0, number: 0, .. }
            if file.ends_with("seg-1"));
        assert!(is_named, "bit {bit}: {refusal}");
    }
}
