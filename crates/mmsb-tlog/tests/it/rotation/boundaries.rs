//! Which frames share a segment.

use mmsb_tlog::{
    LogOptions,
    vfs::{MemoryVfs, NullVfs},
};
use mmsb_types::Durability;

use super::{MARK_BYTES, segments, short_segments};
use crate::common::{commit, create, page, single, try_open};

const HEAD: u64 = 64;
const LINE: u64 = 64;

/// Commits batches of so many single frames each to a log whose segments are `segment_bytes` long.
#[track_caller]
fn check(segment_bytes: u64, batches: &[u64], expected: &str) {
    let (dir, log) = short_segments(MemoryVfs::new(), segment_bytes);
    for &count in batches {
        let last = (0..count).map(|_| commit(&log, &single("x"))).last().unwrap();
        log.wait(last, Durability::Written).unwrap();
    }
    assert_eq!(segments(&dir), expected);
    drop(log);
    assert_eq!(segments(&dir), expected, "ending the log wrote something");
}

#[test]
fn a_batch_that_just_fits_stays_together() {
    check(HEAD + 2 * LINE + MARK_BYTES, &[2], "1-2:256");
    check(HEAD + 2 * LINE + MARK_BYTES, &[2, 1], "1-2:256 3-3:192");
    check(HEAD + 2 * (LINE + MARK_BYTES), &[1, 1], "1-2:320");
}

#[test]
fn a_batch_that_does_not_fit_is_parted() {
    check(HEAD + 2 * LINE + MARK_BYTES - 1, &[2], "1-1:192 2-2:192");
    check(HEAD + 2 * LINE + MARK_BYTES, &[5], "1-2:256 3-4:256 5-5:192");
    check(HEAD + 2 * (LINE + MARK_BYTES) - 1, &[1, 1], "1-1:192 2-2:192");
}

#[test]
fn a_frame_longer_than_a_segment_has_one_to_itself() {
    check(0, &[3, 1], "1-1:192 2-2:192 3-3:192 4-4:192");
    let (dir, log) = short_segments(MemoryVfs::new(), 1000);
    let long = page(&[7; 3000]);
    for content in [&single("a"), &long, &single("b"), &single("c"), &long, &long] {
        commit(&log, content);
    }
    log.wait(6, Durability::Written).unwrap();
    assert_eq!(segments(&dir), "1-1:192 2-2:3168 3-4:256 5-5:3168 6-6:3168");
}

#[test]
fn frames_in_boxes_keep_to_the_same_rule() {
    let (dir, log) = short_segments(MemoryVfs::new(), 300_000);
    for content in [&page(&[1; 100_000]), &single("x"), &page(&[2; 100_000]), &page(&[3; 100_000])] {
        commit(&log, content);
    }
    commit(&log, &page(&[4; 500_000]));
    commit(&log, &single("y"));
    log.wait(6, Durability::Written).unwrap();
    assert_eq!(segments(&dir), "1-3:200272 4-4:100168 5-5:500168 6-6:192");
}

#[test]
fn a_log_goes_on_in_its_last_segment_when_it_is_opened_again() {
    let bytes = HEAD + 2 * LINE + MARK_BYTES;
    let (dir, log) = short_segments(MemoryVfs::new(), bytes);
    (0..3).for_each(|_| assert!(commit(&log, &single("x")) > 0));
    drop(log);
    let options =
        LogOptions { segment_bytes: bytes, background: false, ring_bytes: 0, ..LogOptions::default() };
    for expected in ["1-2:256 3-3:192 4-4:192", "1-2:256 3-3:192 4-4:192 5-5:192"] {
        let log = try_open(&dir, options).unwrap();
        commit(&log, &single("x"));
        drop(log);
        assert_eq!(segments(&dir), expected);
    }
}

#[test]
fn the_closing_mark_stays_with_what_it_closes() {
    let (dir, log) = short_segments(MemoryVfs::new(), HEAD + LINE + MARK_BYTES);
    commit(&log, &single("x"));
    log.close().unwrap();
    assert_eq!(segments(&dir), "1-1:256");
}

#[test]
fn a_log_without_a_limit_never_rotates() {
    let disk = NullVfs::default();
    let dir = create(disk, std::path::Path::new("/bus"));
    let log = mmsb_tlog::Log::open(
        &dir,
        dir.lock().unwrap(),
        &mmsb_tlog::Scan::empty(&dir),
        LogOptions { segment_bytes: u64::MAX, ..LogOptions::default() },
    )
    .unwrap();
    let last = (0..200).map(|_| commit(&log, &page(&[1; 1 << 20]))).last().unwrap();
    log.wait(last, Durability::Synced).unwrap();
    assert_eq!((dir.manifest().segments.len(), dir.manifest().generation), (1, 1));
}
