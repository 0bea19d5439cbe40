//! Heads that cannot be: lengths, numbers and marks.

use mmsb_tlog::{Fault, Manifest, Mark, SegmentHead, Verification};
use mmsb_types::{Lsn, limits::RECORD_BYTES_MAX};

use super::{fix_header, numbers::bus_at};
use crate::common::{HEAD_BYTES, INSTANCE, commit, log_of, open, plain, specimen};

#[test]
fn a_length_beyond_the_file_or_the_limit_is_refused() {
    for (len, is_cut_short) in [
        (RECORD_BYTES_MAX, true),
        (RECORD_BYTES_MAX + 8, false),
        (0x7fff_fff8, false),
        (24, false),
        (41, false),
    ] {
        let mut bytes = specimen(false);
        bytes[HEAD_BYTES..HEAD_BYTES + 4].copy_from_slice(&len.to_le_bytes());
        fix_header(&mut bytes, HEAD_BYTES);
        let bad = Verification::run(&log_of(&bytes)).unwrap().bad;
        assert_eq!(matches!(bad[0].fault, Fault::CutShort { .. }), is_cut_short, "{len}: {bad:?}");
        assert_eq!(matches!(bad[0].fault, Fault::Length { .. }), !is_cut_short, "{len}: {bad:?}");
    }
}

#[test]
fn impossible_heads_are_refused() {
    let possible = SegmentHead::FIRST;
    for head in [
        SegmentHead { first_number: 0, ..possible },
        SegmentHead { first_number: u64::MAX, ..possible },
        SegmentHead { first_lsn: Lsn::new(u64::MAX), ..possible },
        SegmentHead { segment: 0, ..possible },
    ] {
        assert!(SegmentHead::parse(&head.encode(INSTANCE)).is_err(), "{head:?}");
        let manifest = Manifest { segments: vec![head], ..Manifest::first(INSTANCE) };
        assert!(Manifest::parse(&manifest.encode()).is_err(), "{head:?}");
    }
}

#[test]
fn a_slot_that_was_never_used_is_no_frames() {
    let dir = bus_at(SegmentHead { first_number: 1 << 48, ..SegmentHead::FIRST });
    let log = open(&dir);
    assert_eq!(log.published(), (1 << 48) - 1, "nothing is published yet");
    assert_eq!(commit(&log, &plain(1, "x")), 1 << 48);
    log.close().unwrap();
}

#[test]
fn marks_with_impossible_numbers_are_no_marks() {
    let mark = Mark { lsn: Lsn::ZERO, number: 5, synced_through: 5, chain: 0, closing: false };
    for bad in [
        Mark { synced_through: 6, ..mark },
        Mark { number: u64::MAX, ..mark },
        Mark { number: u64::MAX, synced_through: u64::MAX, ..mark },
    ] {
        assert!(Mark::parse(&bad.encode(INSTANCE), INSTANCE, Lsn::ZERO).is_err(), "{bad:?}");
    }
}
