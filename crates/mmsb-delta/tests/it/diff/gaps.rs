//! Equal bytes between two that differ: seven join, eight part.

use mmsb_types::Span;

use super::{check, check_at, naive};

#[test]
fn seven_equal_bytes_join_and_eight_part() {
    check_at(20, &[2, 10], "2+9");
    check_at(20, &[2, 11], "2+1 11+1");
}

#[test]
fn the_gap_is_counted_across_blocks() {
    check_at(200, &[60, 68], "60+9");
    check_at(200, &[60, 69], "60+1 69+1");
    check_at(200, &[63, 64, 127, 128], "63+2 127+2");
}

#[test]
fn bytes_that_differ_at_every_distance_follow_the_rule() {
    for (len, first, step) in
        (1..300).flat_map(|len| (0..9).flat_map(move |o| (1..12).map(move |s| (len, o, s))))
    {
        let at: Vec<_> = (first..len).step_by(step).collect();
        let (old, mut new) = (vec![0; len], vec![0; len]);
        at.iter().for_each(|at| new[*at] = 1);
        let expect: Vec<_> = naive(&old, &new).iter().map(Span::to_string).collect();
        check(&old, &new, &expect.join(" "));
    }
}
