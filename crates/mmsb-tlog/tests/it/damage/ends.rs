//! Several bad records, and ends: what is cut is gone for good, what was durable is not cut.

use mmsb_tlog::{Fault, LogError, Scan, Tail, Verification};

use super::{judged, swaps::nine};
use crate::common::{HEAD_BYTES, commit, commits, log_of, open, places, set_segment_bytes, single, try_open};

#[test]
fn several_bad_records_are_all_named() {
    let mut bytes = nine();
    let places = places(&bytes);
    for (index, byte) in [(0, 30), (1, 2), (5, 60), (6, 5), (7, 0), (8, 0), (10, 9)] {
        bytes[places[index].offset + byte] ^= 0x10;
    }
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 1 at 64: body checksum mismatch: stored 0x5b4f88ec, computed 0xad82752b, was durable
    bad 2 at 128: no record starts with 0x80110040, was durable
    bad 5 at 384: body checksum mismatch: stored 0xd7824b5b, computed 0x3ee6fa66, was durable
    bad 6 at 448: body checksum mismatch: stored 0x0e45c073, computed 0x0e45d073, was durable
    bad 6 at 512: no record starts with 0x80020050, was durable
    bad 7 at 576: no record starts with 0x80010050
    bad 9 at 704: body checksum mismatch: stored 0x47387973, computed 0xd53e5e0e
    refused for 1 at 64
    ");
}

#[test]
fn a_verified_end_that_was_durable_is_not_cut_by_opening() {
    let mut bytes = nine();
    bytes[HEAD_BYTES + 40] ^= 1;
    let dir = log_of(&bytes);
    let scan = Verification::run(&dir).unwrap().scan;
    assert!(matches!(&scan.tail, Tail::Torn(bad) if bad.covered));
    let lock = dir.lock().unwrap();
    let refusal = mmsb_tlog::Log::open(&dir, lock, &scan, mmsb_tlog::LogOptions::default()).unwrap_err();
    assert!(matches!(refusal, LogError::Corrupt { number: 1, offset: 64, .. }), "{refusal}");
    assert!(matches!(try_open(&dir, Default::default()), Err(LogError::Corrupt { number: 1, .. })));
}

#[test]
fn a_file_cut_between_scan_and_opening_is_refused() {
    let bytes = nine();
    let dir = log_of(&bytes);
    let scan = Scan::run(&dir).unwrap();
    set_segment_bytes(&dir, &bytes[..bytes.len() - 64]);
    let refusal = mmsb_tlog::Log::open(&dir, dir.lock().unwrap(), &scan, Default::default()).unwrap_err();
    assert!(matches!(refusal, LogError::Corrupt { fault: Fault::CutShort { .. }, .. }), "{refusal}");
}

#[test]
fn a_cut_tail_never_comes_back() {
    let mut bytes = nine();
    let places = places(&bytes);
    bytes[places[8].offset + 20] ^= 1;
    let dir = log_of(&bytes);
    let log = open(&dir);
    assert_eq!(commit(&log, &single("new seventh")), 7);
    drop(log);
    assert_eq!(commits(&dir).len(), 7, "the old eighth and ninth are gone");
    assert_eq!(Scan::run(&dir).unwrap().tail, Tail::Clean { closed: false });
    assert!(commits(&dir)[6].contains(&format!("{:?}", b"new seventh".as_slice())));
}
