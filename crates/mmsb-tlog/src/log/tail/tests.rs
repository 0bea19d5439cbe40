//! The reservation word next to its overflows.

use std::{cell::Cell, sync::atomic::Ordering};

use super::{COUNT_MASK, POSITION_BITS, POSITION_MASK, PackedStart, Tail, WRAP};

/// A tail behind the frame `number`, its packed word so far before the overflows.
fn tail(number: u64, frames: u32, units: u64) -> Tail {
    Tail::new(number, PackedStart::before_overflow(frames, units))
}

#[test]
fn numbers_and_positions_go_on_past_both_overflows() {
    for start in [COUNT_MASK - 2, 0, 5 << 24 | 77] {
        let tail = tail(start, 2, 20);
        let (mut recent, mut unit) = (start, WRAP - 20);
        for step in 1..=10u64 {
            let place = tail.reserve(8);
            assert_eq!(place.number(recent), start + step);
            assert_eq!(tail.last(|| recent), start + step);
            assert_eq!(place.unit, unit);
            unit = (unit + 8) % WRAP;
            let position = tail.word.load(Ordering::Relaxed) & POSITION_MASK;
            assert_eq!(position, unit, "bit 39 was taken off again, so it never carries into the count");
            recent = if step % 3 == 0 { start + step } else { recent };
        }
    }
}

#[test]
fn the_last_number_is_told_without_taking_one() {
    let tail = tail(40, 1, 9);
    assert_eq!((tail.last(|| 40), tail.last(|| 40)), (40, 40));
    assert_eq!(tail.reserve(8).number(40), 41);
    assert_eq!(tail.last(|| 40), 41);
}

#[test]
fn the_last_number_is_asked_for_again_if_many_went_by_meanwhile() {
    let tail = tail(0, 100, 0);
    let asked = Cell::new(0);
    // Between the first look at the published prefix and the second, 2^24 + 5 frames come and go.
    let recent = || {
        let times = asked.replace(asked.get() + 1);
        assert!(times < 9, "it asks for ever");
        if times == 0 {
            return 0;
        }
        (tail.word.load(Ordering::Relaxed) >> POSITION_BITS).wrapping_add(tail.origin) + (COUNT_MASK + 1)
    };
    tail.word.fetch_add(5 << POSITION_BITS, Ordering::Relaxed);
    assert_eq!(tail.last(recent), (1 << 24) + 5);
    assert_eq!(asked.get(), 3, "two looks, and one more");
}

#[test]
fn a_late_subtraction_disturbs_nobody() {
    let tail = tail(0, 100, 8);
    tail.word.store(WRAP + 8, Ordering::Relaxed);
    assert_eq!(tail.reserve(8).unit, 8, "bit 39 set by another add: used mod 2^39");
}
