//! Every bit and every length of every segment; segments that are missing, swapped, or another bus's.

use mmsb_tlog::{BadRecord, Fault, LogDir, LogError, Scan, SegmentHead, Verification};

use super::{log, specimen};
use crate::common::{INSTANCE, Layout, OTHER, Place, flipped, places, plain, set_bytes_of, single};

/// What a verification of the log finds, and what a scan says to it: segment, offset and number of each bad
/// record. All of it is durable.
#[track_caller]
fn check(dir: &LogDir, expect: &[(u64, u64, u64)], what: &str) {
    let bad = Verification::run(dir).unwrap().bad;
    let named: Vec<_> = bad.iter().map(|bad| (bad.segment, bad.offset, bad.number)).collect();
    assert_eq!(named, expect, "{what}: {:?}", &bad[..bad.len().min(5)]);
    assert!(bad.iter().all(|bad| bad.covered), "{what}: {bad:?}");
    match Scan::run(dir) {
        Err(LogError::Corrupt { file, offset, number, .. }) => {
            let (segment, first_offset, first_number) = expect[0];
            assert!(file.ends_with(format!("seg-{segment}")), "{what}: {file:?}");
            assert_eq!((offset, number), (first_offset, first_number), "{what}");
        }
        other => panic!("{what}: {other:?}"),
    }
    assert!(Scan::run_beside_writer(dir).is_err(), "{what}");
}

/// The record that holds the byte at `offset`.
fn place_at(places: &[Place], offset: usize) -> &Place {
    places.iter().find(|place| (place.offset..place.end()).contains(&offset)).unwrap()
}

#[test]
fn every_flip_before_the_last_segment_is_named_and_refused() {
    let (dir, segments) = log();
    for (head, bytes) in &segments[..2] {
        let places = places(bytes);
        for bit in 0..bytes.len() * 8 {
            set_bytes_of(&dir, head, &flipped(bytes, bit));
            let (offset, number) = match bit / 8 {
                0..64 => (0, 0),
                byte => (place_at(&places, byte).offset, place_at(&places, byte).number),
            };
            check(&dir, &[(head.segment, offset as u64, number)], &format!("bit {bit} of {head:?}"));
        }
        set_bytes_of(&dir, head, bytes);
    }
}

#[test]
fn every_flip_of_the_last_segment_is_judged_by_its_marks() {
    let (dir, segments) = log();
    let (head, bytes) = &segments[2];
    let places = places(bytes);
    for bit in 0..bytes.len() * 8 {
        set_bytes_of(&dir, head, &flipped(bytes, bit));
        if bit / 8 < 64 {
            check(&dir, &[(3, 0, 0)], &format!("bit {bit}"));
            assert!(matches!(dir.reopen(), Err(LogError::Corrupt { offset: 0, number: 0, .. })), "bit {bit}");
            continue;
        }
        let place = place_at(&places, bit / 8);
        // The last mark says that seven is durable.
        if place.number <= 7 && place.offset < places.last().unwrap().offset {
            check(&dir, &[(3, place.offset as u64, place.number)], &format!("bit {bit}"));
        } else {
            let scan = Scan::run(&dir).unwrap();
            assert_eq!(scan.end.lsn.get() - head.first_lsn.get(), place.offset as u64, "bit {bit}");
        }
    }
}

#[test]
fn a_segment_before_the_last_ends_exactly_where_the_next_one_begins() {
    let (dir, segments) = log();
    for (head, bytes) in &segments[..2] {
        let places = places(bytes);
        for len in 0..bytes.len() {
            set_bytes_of(&dir, head, &bytes[..len]);
            let (offset, number) = match len {
                0..64 => (0, 0),
                len => {
                    let place = place_at(&places, len);
                    // What is left of a mark does not tell that it was one.
                    let last = places.iter().filter(|old| !old.is_line && old.end() <= place.offset).count();
                    (place.offset, head.first_number + last as u64)
                }
            };
            check(&dir, &[(head.segment, offset as u64, number)], &format!("length {len} of {head:?}"));
        }
        for more in [1, 8, 64] {
            let mut longer = bytes.clone();
            longer.resize(bytes.len() + more, 0);
            set_bytes_of(&dir, head, &longer);
            let last = segments[head.segment as usize].0.first_number;
            check(&dir, &[(head.segment, bytes.len() as u64, last)], &format!("{more} bytes more"));
        }
        set_bytes_of(&dir, head, bytes);
    }
}

#[test]
fn every_cut_of_the_last_segment_leaves_a_prefix_with_all_segments_before_it() {
    let (dir, segments) = log();
    let (head, bytes) = &segments[2];
    let places = places(bytes);
    for len in 64..bytes.len() {
        set_bytes_of(&dir, head, &bytes[..len]);
        let kept = places.iter().filter(|place| !place.is_line && place.end() <= len).count() as u64;
        assert_eq!(Scan::run(&dir).unwrap().frame_count, 6 + kept, "length {len}");
    }
}

#[test]
fn a_missing_segment_is_named() {
    for (head, _) in specimen() {
        let (dir, _) = log();
        dir.vfs().remove(&dir.segment_path(&head)).unwrap();
        check(&dir, &[(head.segment, 0, 0)], "missing");
        let bad = Verification::run(&dir).unwrap().bad;
        assert!(matches!(bad[..], [BadRecord { fault: Fault::Missing, .. }]), "{bad:?}");
        let refused = dir.reopen();
        assert!(matches!(refused, Err(LogError::Corrupt { fault: Fault::Missing, .. })), "{refused:?}");
    }
}

#[test]
fn segments_that_were_swapped_are_both_named() {
    let (dir, segments) = log();
    set_bytes_of(&dir, &segments[0].0, &segments[1].1);
    set_bytes_of(&dir, &segments[1].0, &segments[0].1);
    let bad = Verification::run(&dir).unwrap().bad;
    let heads: Vec<_> = bad.iter().filter(|bad| bad.offset == 0).map(|bad| bad.segment).collect();
    assert_eq!(heads, [1, 2]);
    assert!(Scan::run(&dir).is_err() && dir.reopen().is_err());
}

#[test]
fn a_segment_of_another_bus_is_refused_whole() {
    let mut other = Layout::new(OTHER);
    other.frame(&single("first")).mark(1, false);
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&single("first")).mark(1, false).rotate().frame(&single("second")).mark(1, false);
    let segments = layout.segments();
    let dir = crate::common::log_of_segments(&segments);
    set_bytes_of(&dir, &segments[0].0, &other.bytes);
    let bad = Verification::run(&dir).unwrap().bad;
    assert_eq!((bad[0].segment, bad[0].offset, bad[0].covered), (1, 0, true), "{bad:?}");
    assert!(Scan::run(&dir).is_err() && dir.reopen().is_err());
}

#[test]
fn a_head_that_disagrees_with_the_records_before_it_is_damage() {
    let (_, segments) = log();
    for (index, change) in [
        |head: SegmentHead| SegmentHead { chain: head.chain ^ 1, ..head },
        |head: SegmentHead| SegmentHead { first_number: head.first_number + 1, ..head },
        |head: SegmentHead| SegmentHead { first_number: head.first_number - 1, ..head },
    ]
    .into_iter()
    .enumerate()
    {
        let mut changed = segments.clone();
        changed[1].0 = change(changed[1].0);
        let head = changed[1].0.encode(INSTANCE);
        changed[1].1[..64].copy_from_slice(&head);
        // Manifest and head agree; only the records before it tell that it is another log's.
        let dir = crate::common::log_of_segments(&changed);
        let bad = &Verification::run(&dir).unwrap().bad[0];
        assert_eq!((bad.segment, bad.covered), (1, true), "change {index}: {bad:?}");
        assert!(matches!(bad.fault, Fault::Chain { .. } | Fault::Number { .. }), "change {index}: {bad:?}");
        assert!(matches!(Scan::run(&dir), Err(LogError::Corrupt { .. })), "change {index}");
    }
}

#[test]
fn frames_behind_a_destroyed_length_are_found_again_before_a_state_mark() {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&plain(7, "first"));
    let second = layout.end().lsn.get();
    layout.frame(&single("second")).state(2, [2; 32]).frame(&plain(8, "third")).mark(0, false);
    let mut segments = layout.segments();
    segments[0].1[64..68].fill(0x7f);
    segments[0].1[second as usize + 40] ^= 1;
    let dir = crate::common::log_of_segments(&segments);
    let bad = Verification::run(&dir).unwrap().bad;
    let named: Vec<_> = bad.iter().map(|bad| (bad.offset, bad.number)).collect();
    assert_eq!(named, [(64, 1), (second, 2)]);
}
