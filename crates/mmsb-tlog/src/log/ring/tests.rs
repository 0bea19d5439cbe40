//! The ring, lap after lap.

use super::{Done, Ring};

#[test]
fn each_number_of_a_lap_has_a_slot_of_its_own() {
    for bytes in [64, 128, 1 << 10, 1 << 19] {
        let (ring, lap) = (Ring::new(bytes).expect("a ring"), (bytes / 64) as u64);
        assert!((0..3 * lap).all(|number| ring.done(number).is_none()), "nothing is done yet");
        for number in 5 * lap + 1..=6 * lap {
            ring.set_done(number, Done { units: number % 100 + 8, boxed: number % 2 == 0 });
        }
        for number in 5 * lap + 1..=6 * lap {
            let done = Done { units: number % 100 + 8, boxed: number % 2 == 0 };
            assert_eq!(ring.done(number), Some(done), "{number} of {lap}");
            assert_eq!(ring.done(number + lap), None, "{number} does not pass for a later lap's");
        }
    }
}

#[test]
fn neighbouring_numbers_have_slots_in_different_lines() {
    let ring = Ring::new(1 << 19).expect("a ring");
    let line = |number| std::ptr::from_ref(ring.slot(number)).addr() / 64;
    assert!((0..10_000).all(|number| (1..64).all(|more| line(number) != line(number + more))));
}

#[test]
fn a_line_goes_around_the_end_of_the_ring() {
    let ring = Ring::new(128).expect("a ring");
    for unit in 0..32 {
        let line = std::array::from_fn(|at| unit << 8 | at as u64);
        ring.write_line(unit, line);
        assert!((unit..unit + 8).map(|unit| ring.word(unit)).eq(line), "at {unit}");
    }
}

#[test]
fn credit_that_is_refused_is_given_back() {
    let ring = Ring::new(128).expect("a ring");
    assert_eq!((ring.take_credit(10), ring.take_credit(7)), (Some(6), None));
    assert_eq!((ring.take_credit(6), ring.take_credit(1)), (Some(0), None));
    ring.return_credit(16);
    assert_eq!(ring.take_credit(16), Some(0));
}
