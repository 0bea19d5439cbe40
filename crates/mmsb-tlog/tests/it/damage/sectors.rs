//! A sector of zeros, anywhere: cut or refused, never read through.

use mmsb_tlog::{LogError, Scan, Verification};

use super::frames_of;
use crate::common::{
    HEAD_BYTES, INSTANCE, Layout, commits, commits_up_to, log_of, places, plain, set_segment_bytes,
};

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
        let next = place.number + u64::from(place.is_line);
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
