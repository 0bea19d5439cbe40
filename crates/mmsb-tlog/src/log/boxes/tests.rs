//! Boxes that are kept and those that are not.

use super::{Boxes, LONG_BYTES_MAX, SPARE_BYTES_MAX};

#[test]
fn drained_buffers_wait_in_their_boxes_up_to_their_share() {
    let (boxes, bytes) = (Boxes::new(usize::MAX), SPARE_BYTES_MAX / 4);
    let taken: Vec<_> = (0..10).map(|_| boxes.take(bytes).unwrap()).collect();
    for _ in 0..2 {
        taken.iter().for_each(|&index| boxes.swap(index, &mut vec![7; bytes]));
        assert_eq!(boxes.held_bytes(), 10 * bytes as u64);
        let mut out = Vec::new();
        taken.iter().for_each(|&index| boxes.drain_into(index, &mut out));
        assert_eq!((out.len(), boxes.held_bytes()), (10 * bytes, SPARE_BYTES_MAX as u64));
    }
    let mut frame = vec![8];
    boxes.swap(taken[0], &mut frame);
    assert_eq!((frame.len(), frame.capacity()), (0, bytes), "the drained buffer goes to who fills the box");
}

/// Publishes and drains a frame of `bytes`, made in lent memory if there is any; the boxes keep `kept` then.
#[track_caller]
fn check(boxes: &Boxes, bytes: usize, kept: usize) {
    let mut frame = Vec::new();
    boxes.lend_long(&mut frame, bytes);
    frame.resize(bytes, 7);
    let (index, mut out) = (boxes.take(bytes).unwrap(), Vec::new());
    boxes.swap(index, &mut frame);
    boxes.drain_into(index, &mut out);
    boxes.give_back(index);
    assert_eq!((out, boxes.held_bytes()), (vec![7; bytes], kept as u64));
}

#[test]
fn one_long_buffer_waits_for_the_next_frame_that_has_room_in_it() {
    let (boxes, long) = (Boxes::new(usize::MAX), LONG_BYTES_MAX);
    check(&boxes, long + 1, 0);
    check(&boxes, long / 2, long / 2);
    check(&boxes, long, long);
    check(&boxes, long / 2, long);
    let mut frame = Vec::new();
    boxes.lend_long(&mut frame, SPARE_BYTES_MAX);
    assert_eq!(frame.capacity(), 0, "a short frame does without");
    boxes.lend_long(&mut frame, long);
    assert_eq!((frame.capacity(), boxes.held_bytes()), (long, 0), "it is lent, not copied");
    check(&boxes, long, long);
    boxes.drop_long();
    assert_eq!(boxes.held_bytes(), 0);
}

#[test]
fn a_refused_long_frame_goes_before_shorter_ones() {
    let boxes = Boxes::new(100);
    let (first, second) = (boxes.take(40).unwrap(), boxes.take(40).unwrap());
    assert_eq!(boxes.take(500), None, "a frame longer than the budget waits until it is alone");
    assert_eq!(boxes.take(10), None, "and nobody slips in before it");
    boxes.give_back(first);
    assert_eq!((boxes.take(10), boxes.take(500)), (None, None));
    boxes.give_back(second);
    let alone = boxes.take(500).unwrap();
    assert_eq!(boxes.take(10), None, "the budget is used up");
    boxes.give_back(alone);
    assert!(boxes.take(10).is_some());
}
