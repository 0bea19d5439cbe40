//! What is covered, against a list of bytes.

use super::Coverage;

/// Covers runs in turn, and compares with a map of bytes.
#[track_caller]
/// Sets the bytes from `start` to `end`; returns the stretches of those that were not set.
fn newly_set(map: &mut [bool], start: u32, end: u32) -> Vec<(u32, u32)> {
    let mut stretches: Vec<(u32, u32)> = Vec::new();
    for at in (start..end).filter(|&at| !std::mem::replace(&mut map[at as usize], true)) {
        match stretches.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            _ => stretches.push((at, at + 1)),
        }
    }
    stretches
}

fn check(runs: &[(u32, u32)]) {
    let (mut coverage, mut map) = (Coverage::default(), [false; 1000]);
    for &(start, end) in runs {
        let mut given = Vec::new();
        coverage.cover(start, end, |start, end| given.push((start, end)));
        assert_eq!(given, newly_set(&mut map, start, end), "{start} to {end}, of {runs:?}");
    }
    runs.iter().for_each(|&(start, end)| coverage.clear(start, end));
    assert!(coverage.words.iter().all(|&word| word == 0), "cleared after {runs:?}");
}

#[test]
fn a_run_gives_what_no_older_one_gave() {
    check(&[(3, 8), (0, 20)]);
    check(&[(60, 68), (0, 200), (190, 220)]);
    check(&[(0, 64), (64, 128), (0, 128), (127, 129)]);
    check(&[(63, 64), (64, 65), (62, 66)]);
    check(&[(5, 6), (9, 10), (13, 14), (127, 129), (0, 300)]);
}

#[test]
fn any_runs_give_every_byte_once() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |end: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((state >> 33) % end) as u32
    };
    for _ in 0..300 {
        let mut run = || {
            let start = next(800);
            (start, start + 1 + next(199))
        };
        let runs: Vec<_> = (0..20).map(|_| run()).collect();
        check(&runs);
    }
}
