//! Files made to hurt: right checksums over wrong contents. Typed errors, in bounded time and memory.

use std::{path::Path, sync::Arc};

use proptest::prelude::*;

use mmsb_tlog::{
    Fault, LogDir, LogError, Manifest, Mark, NUMBER_MAX, Scan, SegmentHead, Verification,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_types::{Lsn, crc32c, limits::RECORD_BYTES_MAX};

use crate::{
    common::{
        HEAD_BYTES, INSTANCE, Layout, commit, create, log_of, open, places, plain, segment_bytes,
        set_segment_bytes, single, specimen, try_commit,
    },
    faulty::Faulty,
};

/// Makes the header of the frame at `offset` right again.
fn fix_header(bytes: &mut [u8], offset: usize) {
    let checksum = crc32c(&bytes[offset..offset + 28]);
    bytes[offset + 28..offset + 32].copy_from_slice(&checksum.to_le_bytes());
}

/// Makes body and header of the frame at `offset` right again.
fn fix_frame(bytes: &mut [u8], offset: usize, len: usize) {
    let checksum = crc32c(&bytes[offset + 32..offset + len]);
    bytes[offset + 24..offset + 28].copy_from_slice(&checksum.to_le_bytes());
    fix_header(bytes, offset);
}

proptest! {
    #[test]
    fn a_frame_of_any_content_with_right_checksums_is_judged(
        changes in proptest::collection::vec((0..24usize, any::<u8>()), 0..4),
        body in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        which in 0..3usize,
    ) {
        let mut bytes = specimen(true);
        let frame = places(&bytes).into_iter()
            .filter(|place| !place.is_mark() && bytes[place.offset + 3] == 0).nth(which).unwrap();
        changes.iter().for_each(|&(at, byte)| bytes[frame.offset + at] = byte);
        for (at, byte) in &body {
            if frame.bytes > 32 {
                bytes[frame.offset + 32 + at.index(frame.bytes - 32)] = *byte;
            }
        }
        fix_frame(&mut bytes, frame.offset, frame.bytes);
        let dir = log_of(&bytes);
        let (scan, verification) = (Scan::run(&dir), Verification::run(&dir).unwrap());
        prop_assert_eq!(scan.is_err(), verification.is_damaged());
    }

    #[test]
    fn any_bytes_behind_the_head_are_judged(tail in proptest::collection::vec(prop_oneof![Just(0u8), any::<u8>()], 0..600)) {
        let mut bytes = specimen(true);
        bytes.extend(&tail);
        let scan = Scan::run(&log_of(&bytes)).unwrap();
        prop_assert_eq!(scan.frame_count, 8);
    }
}

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

/// A bus whose log begins at `head`.
fn bus_at(head: SegmentHead) -> LogDir {
    let vfs = MemoryVfs::new();
    let path = Path::new("/bus");
    create(vfs.clone(), path);
    let manifest = Manifest { segments: vec![head], ..Manifest::first(INSTANCE) };
    for (name, bytes) in
        [(manifest.file_name(), manifest.encode()), (head.file_name(), head.encode(INSTANCE).to_vec())]
    {
        vfs.open(&path.join(name), Access::ReadWrite).unwrap().write_at(0, &bytes).unwrap();
    }
    LogDir::open(Arc::new(vfs), path).unwrap()
}

#[test]
fn a_log_whose_numbers_are_used_up_takes_no_commit() {
    let dir = bus_at(SegmentHead { first_number: NUMBER_MAX, ..SegmentHead::FIRST });
    let log = open(&dir);
    assert!(matches!(try_commit(&log, &single("x")), Err(LogError::NumbersUsedUp { limit: NUMBER_MAX })));
}

#[test]
fn a_log_that_begins_late_counts_on_past_every_overflow_of_the_reservation_word() {
    // 2^24 commits wrap the count; 2^48 is where a done slot has no bits left for the number.
    for start in [(1u64 << 24) - 500, (1 << 48) - 500] {
        let head = SegmentHead { first_number: start, first_lsn: Lsn::new(1 << 40), ..SegmentHead::FIRST };
        let dir = bus_at(head);
        let log = open(&dir);
        for number in start..start + 1000 {
            assert_eq!(commit(&log, &plain(number, "x")), number);
        }
        log.close().unwrap();
        drop(log);
        let scan = Scan::run(&dir).unwrap();
        assert_eq!((scan.end.number, scan.frame_count), (start + 999, 1000));
        assert_eq!(Verification::run(&dir).unwrap().bad, []);
    }
}

#[test]
fn lengths_that_lead_far_away_are_looked_at_and_no_more() {
    const FILE_BYTES: usize = 3 << 20;
    let disk = Faulty::default();
    let dir = create(disk.clone(), Path::new("/bus"));
    let (mut bytes, mut number) = (segment_bytes(&dir), 1u64);
    while bytes.len() < FILE_BYTES {
        // A line that is no record and tells a length; behind it the next frame, whose head is whole.
        bytes.extend((FILE_BYTES as u32 / 2).to_le_bytes());
        bytes.extend([1; 60]);
        let head = bytes.len();
        bytes.extend([32, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend((number + 1).to_le_bytes());
        bytes.extend([0; 16]);
        fix_header(&mut bytes, head);
        number += 2;
        if number % 64 == 1 {
            // A search goes no further than the next mark.
            let (lsn, number) = (Lsn::new(bytes.len() as u64), number - 1);
            bytes.extend(Mark { lsn, number, synced_through: 0, chain: 0, closing: false }.encode(INSTANCE));
        }
    }
    set_segment_bytes(&dir, &bytes);
    disk.plan().read_bytes = 0;
    let bad = Verification::run(&dir).unwrap().bad;
    assert!(bad.len() > 1000, "{}", bad.len());
    let read_bytes = disk.plan().read_bytes;
    assert!(read_bytes < 16 * FILE_BYTES as u64, "{read_bytes} bytes read of {FILE_BYTES}");
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

#[test]
fn a_file_full_of_bad_records_is_verified_in_one_go() {
    // Headers that are right and bodies that are not, each naming the next: every one is a bad record.
    let mut layout = Layout::new(INSTANCE);
    let frame = plain(1, "x");
    for _ in 0..40_000 {
        layout.frame(&frame);
    }
    layout.mark(20_000, false);
    let mut bytes = layout.bytes;
    for place in places(&bytes).iter().filter(|place| !place.is_mark()) {
        bytes[place.offset + 40] ^= 1;
    }
    let verification = Verification::run(&log_of(&bytes)).unwrap();
    assert_eq!(verification.bad.len(), 40_000);
    assert_eq!(verification.bad.iter().filter(|bad| bad.covered).count(), 20_000);
}

#[test]
fn a_file_full_of_false_starts_is_verified_in_one_go() {
    // Behind a destroyed length, many frames that lead nowhere, each as long as what is left of the file.
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&plain(1, "x"));
    let mut bytes = layout.bytes.clone();
    bytes[HEAD_BYTES] ^= 0xf8;
    let starts = 30_000;
    for index in 0..starts {
        let mut head = [0; 32];
        head[..4].copy_from_slice(&(32u32 * (1 + index % 2)).to_le_bytes());
        head[8..16].copy_from_slice(&(2 + u64::from(index / 2)).to_le_bytes());
        fix_header(&mut head, 0);
        bytes.extend(head);
    }
    let lsn = Lsn::new(bytes.len() as u64);
    let mark = Mark { lsn, number: NUMBER_MAX, synced_through: 0, chain: 0, closing: false };
    bytes.extend(mark.encode(INSTANCE));
    let verification = Verification::run(&log_of(&bytes)).unwrap();
    assert_eq!(verification.bad.len(), 1, "{:?}", &verification.bad[..2]);
}
