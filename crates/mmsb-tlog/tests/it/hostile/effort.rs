//! Files that would be slow to judge are judged in bounded time.

use std::path::Path;

use mmsb_tlog::{Mark, NUMBER_MAX, Verification};
use mmsb_types::Lsn;

use super::fix_header;
use crate::{
    common::{HEAD_BYTES, INSTANCE, Layout, create, log_of, places, plain, segment_bytes, set_segment_bytes},
    faulty::Faulty,
};

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
fn a_file_full_of_bad_records_is_verified_in_one_go() {
    // Headers that are right and bodies that are not, each naming the next: every one is a bad record.
    let mut layout = Layout::new(INSTANCE);
    let frame = plain(1, "x");
    for _ in 0..40_000 {
        layout.frame(&frame);
    }
    layout.mark(20_000, false);
    let mut bytes = layout.bytes;
    for place in places(&bytes).iter().filter(|place| !place.is_line) {
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
