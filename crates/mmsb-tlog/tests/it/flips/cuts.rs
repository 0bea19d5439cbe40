//! Every length of a log, and what goes on behind a cut.

use mmsb_tlog::{Cursor, LogError, Scan, Tail, Verification};
use mmsb_types::Lsn;

use super::frames_before;
use crate::common::{
    HEAD_BYTES, Place, commit, commits, log_of, open, places, segment_bytes, set_segment_bytes, single,
    specimen,
};

#[test]
fn every_truncation_leaves_a_clean_prefix() {
    let bytes = specimen(true);
    let (dir, places) = (log_of(&bytes), places(&bytes));
    let good = commits(&dir);
    for len in 0..=bytes.len() {
        set_segment_bytes(&dir, &bytes[..len]);
        if len < HEAD_BYTES {
            assert!(matches!(dir.reopen(), Err(LogError::Corrupt { offset: 0, .. })), "length {len}");
            continue;
        }
        let scan = Scan::run(&dir).unwrap();
        let kept = frames_before(&places, len);
        let end = places.iter().map(Place::end).filter(|&end| end <= len).max().unwrap_or(HEAD_BYTES);
        assert_eq!(scan.end.lsn.get() as usize, end, "length {len}");
        assert_eq!(matches!(scan.tail, Tail::Clean { .. }), end == len, "length {len}: {:?}", scan.tail);
        assert_eq!(commits(&dir), good[..kept], "length {len}");
        let verification = Verification::run(&dir).unwrap();
        assert!(!verification.is_damaged(), "length {len}");
        assert_eq!(verification.bad.len(), usize::from(end != len), "length {len}");
    }
}

#[test]
fn after_a_cut_the_log_goes_on_and_recovering_twice_changes_nothing() {
    let bytes = specimen(false);
    let (dir, places) = (log_of(&bytes), places(&bytes));
    let good = commits(&dir);
    for cut in places.iter().flat_map(|place| [place.offset + 8, place.end()]) {
        set_segment_bytes(&dir, &bytes[..cut]);
        drop(open(&dir));
        let recovered = segment_bytes(&dir);
        drop(open(&dir));
        assert_eq!(segment_bytes(&dir), recovered, "cut at {cut}");

        let log = open(&dir);
        let number = commit(&log, &single("later"));
        log.close().unwrap();
        drop(log);
        let kept = frames_before(&places, cut);
        assert_eq!(number as usize, kept + 1, "cut at {cut}");
        let after = commits(&dir);
        assert_eq!(after[..kept], good[..kept], "cut at {cut}");
        assert_eq!(after.len(), kept + 1, "cut at {cut}");
        assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: true }, "cut at {cut}");
        assert_eq!(Verification::run(&dir).unwrap().bad, [], "cut at {cut}");
    }
}

#[test]
fn a_scan_of_nothing_is_the_scan_of_a_new_log() {
    let dir = log_of(&specimen(true)[..HEAD_BYTES]);
    assert_eq!(Scan::empty(&dir), Scan::run(&dir).unwrap());
    assert_eq!(Cursor::first(&dir).lsn, Lsn::new(HEAD_BYTES as u64));
}
