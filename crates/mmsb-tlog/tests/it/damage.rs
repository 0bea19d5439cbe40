//! Damage larger than a bit: sectors, frames in the wrong place, logs within logs, logs of another bus.

use mmsb_tlog::{Fault, LogDir, LogError, Mark, Scan, Tail, Verification};
use mmsb_types::Lsn;

use crate::common::{
    Content, HEAD_BYTES, INSTANCE, Layout, OTHER, commit, commits, commits_up_to, log_of, open, page, places,
    plain, set_segment_bytes, single, specimen, try_open,
};

/// The one door: what verification names, and how a scan ends.
fn judged(dir: &LogDir) -> String {
    let named = Verification::run(dir).unwrap().bad;
    let lines = named.iter().map(|bad| {
        let covered = if bad.covered { ", was durable" } else { "" };
        format!("bad {} at {}: {}{covered}\n", bad.number, bad.offset, bad.fault)
    });
    let end = match Scan::run(dir) {
        Ok(scan) => format!("ends behind {} at {}", scan.end.number, scan.end.lsn.get()),
        Err(LogError::Corrupt { number, offset, .. }) => format!("refused for {number} at {offset}"),
        Err(other) => format!("failed: {other}"),
    };
    lines.collect::<String>() + &end
}

fn frames_of(count: usize) -> Vec<Content> {
    (0..count).map(|index| single(&format!("frame {index}"))).collect()
}

#[test]
fn a_zeroed_sector_is_cut_or_refused_and_never_read_through() {
    let mut layout = Layout::new(INSTANCE);
    for batch in 0..8u64 {
        for frame in &frames_of(5) {
            layout.frame(frame);
        }
        layout.frame(&plain(batch, "and a longer one")).mark((batch * 6).saturating_sub(2), false);
    }
    let (bytes, places) = (layout.bytes.clone(), places(&layout.bytes));
    let dir = log_of(&bytes);
    let good = commits(&dir);
    for start in (HEAD_BYTES..bytes.len()).step_by(8) {
        let end = bytes.len().min(start + 512);
        let mut zeroed = bytes.clone();
        zeroed[start..end].fill(0);
        set_segment_bytes(&dir, &zeroed);
        let Some(hit) = (start..end).find(|&at| bytes[at] != 0) else { continue };
        let place = places.iter().find(|place| place.end() > hit).unwrap();
        let survivors = places.iter().filter(|other| other.offset >= end);
        let synced = survivors.filter_map(|mark| mark.synced_through).max().unwrap_or(0);
        // Whether a frame or a mark stood in a hole is not to be told; either reading is legal.
        let next = place.number + u64::from(place.is_mark());
        match Scan::run(&dir) {
            Err(LogError::Corrupt { offset, .. }) => {
                assert!(synced >= place.number, "hole at {start}: nothing durable is lost");
                assert_eq!(offset as usize, place.offset, "hole at {start}");
            }
            Ok(scan) => {
                assert!(synced < next, "hole at {start}: durable bytes would be cut");
                assert_eq!(scan.end.lsn.get() as usize, place.offset, "hole at {start}");
                let kept = scan.frame_count as usize;
                assert_eq!(commits_up_to(&dir, scan.end.lsn), good[..kept], "hole at {start}");
            }
            Err(other) => panic!("hole at {start}: {other}"),
        }
        let first = Verification::run(&dir).unwrap().bad.first().map(|bad| bad.offset as usize);
        let is_mere_end = zeroed[place.offset..].iter().all(|&byte| byte == 0);
        assert_eq!(first, (!is_mere_end).then_some(place.offset), "hole at {start}");
    }
}

/// Three batches of three frames, all of one length; the last mark says that six were durable.
fn nine() -> Vec<u8> {
    let mut layout = Layout::new(INSTANCE);
    for (index, frame) in frames_of(9).iter().enumerate() {
        layout.frame(frame);
        if index % 3 == 2 {
            layout.mark((index as u64 + 1).saturating_sub(3), false);
        }
    }
    layout.bytes
}

#[test]
fn swapped_frames_show_by_their_numbers() {
    let mut bytes = nine();
    let places = places(&bytes);
    let (seventh, eighth) = (&places[8], &places[9]);
    let (front, back) = bytes.split_at_mut(eighth.offset);
    front[seventh.offset..].swap_with_slice(&mut back[..64]);
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 7 at 576: number 8 where 7 should be
    bad 8 at 640: number 7 where 8 should be
    ends behind 6 at 576
    ");
}

#[test]
fn an_old_frame_in_the_place_of_a_durable_one_is_refused() {
    let mut bytes = nine();
    let places = places(&bytes);
    bytes.copy_within(places[0].offset..places[0].end(), places[5].offset);
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 5 at 384: number 1 where 5 should be, was durable
    refused for 5 at 384
    ");
}

#[test]
fn another_frame_of_the_right_number_shows_by_the_chain() {
    let mut bytes = nine();
    let places = places(&bytes);
    let mut stale = single("stale").encode();
    stale.seal(5);
    bytes[places[5].offset..places[5].end()].copy_from_slice(stale.bytes());
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 4 at 320: chain mismatch: stored 0x2ceb03f7, computed 0xd46f94c6, was durable
    refused for 4 at 320
    ");
    // Without the mark that covers it, its whole batch is cut: which of its frames is the wrong one, only
    // the mark knew.
    bytes.truncate(places[7].end());
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 4 at 320: chain mismatch: stored 0x2ceb03f7, computed 0xd46f94c6
    ends behind 3 at 320
    ");
}

#[test]
fn a_mark_that_counts_otherwise_disowns_its_batch() {
    let mut bytes = nine();
    let last = places(&bytes).pop().unwrap();
    let lsn = Lsn::new(last.offset as u64);
    let mark = Mark::parse(&bytes[last.offset..], INSTANCE, lsn).unwrap();
    bytes[last.offset..].copy_from_slice(&Mark { number: 10, ..mark }.encode(INSTANCE));
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 7 at 576: number 10 where 9 should be
    ends behind 6 at 576
    ");
    bytes[last.offset..].copy_from_slice(&Mark { number: 10, synced_through: 7, ..mark }.encode(INSTANCE));
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 7 at 576: number 10 where 9 should be, was durable
    refused for 7 at 576
    ");
}

#[test]
fn frames_of_another_bus_are_not_read_as_this_ones() {
    let (mut bytes, mut alien) = (nine(), Layout::new(OTHER));
    frames_of(9).iter().enumerate().for_each(|(index, _)| {
        alien.frame(&single(&format!("alien {index}")));
        if index % 3 == 2 {
            alien.mark(0, false);
        }
    });
    let places = places(&bytes);
    let tail = places[8].offset..bytes.len();
    bytes[tail.clone()].copy_from_slice(&alien.bytes[tail]);
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 7 at 576: a mark of another place or bus
    ends behind 6 at 576
    ");
    let middle = places[4].offset..places[8].offset;
    let mut bytes = nine();
    bytes[middle.clone()].copy_from_slice(&alien.bytes[middle]);
    insta::assert_snapshot!(judged(&log_of(&bytes)), @r"
    bad 4 at 320: a mark of another place or bus, was durable
    refused for 4 at 320
    ");
}

#[test]
fn a_log_inside_a_payload_is_payload() {
    let inner = specimen(true);
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&page(&inner)).frame(&single("second")).frame(&page(&inner)).mark(0, false);
    let (bytes, places) = (layout.bytes.clone(), places(&layout.bytes));
    let dir = log_of(&bytes);
    assert_eq!(Verification::run(&dir).unwrap().bad, []);
    for place in &places {
        for bit in 0..64 * 8 {
            let mut flipped = bytes.clone();
            flipped[place.offset + bit / 8] ^= 1 << (bit % 8);
            set_segment_bytes(&dir, &flipped);
            let bad = Verification::run(&dir).unwrap().bad;
            // The inner marks say that all was durable; they stand elsewhere and count for nothing.
            let named: Vec<_> =
                bad.iter().map(|bad| (bad.offset as usize, bad.number, bad.covered)).collect();
            assert_eq!(named, [(place.offset, place.number, false)], "bit {bit} of {place:?}: {bad:?}");
            assert_eq!(
                Scan::run(&dir).unwrap().end.lsn.get() as usize,
                place.offset,
                "bit {bit} of {place:?}"
            );
        }
    }
}

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
