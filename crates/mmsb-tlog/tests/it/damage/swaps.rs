//! Frames that are whole, and not where they belong.

use mmsb_tlog::Mark;
use mmsb_types::Lsn;

use super::{frames_of, judged};
use crate::common::{INSTANCE, Layout, log_of, places, single};

/// Three batches of three frames, all of one length; the last mark says that six were durable.
pub(super) fn nine() -> Vec<u8> {
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
