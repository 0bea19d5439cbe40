//! What counts as a run.

mod gaps;

use mmsb_delta::diff_runs;
use mmsb_types::{Span, limits::RUN_GAP_BYTES};
use proptest::prelude::*;

use crate::make::{page, page_len, writes, written};

/// The only call of the API under test: the runs as `offset+len`, each for itself.
#[track_caller]
fn check(old: &[u8], new: &[u8], expect: &str) {
    let mut runs = vec![Span::new(9, 9)];
    diff_runs(old, new, &mut runs);
    let found: Vec<_> = runs.iter().map(Span::to_string).collect();
    assert_eq!(found.join(" "), expect);
}

/// The rule, byte by byte.
fn naive(old: &[u8], new: &[u8]) -> Vec<Span> {
    let mut runs: Vec<Span> = Vec::new();
    for at in (0..old.len()).filter(|at| old[*at] != new[*at]) {
        match runs.last_mut() {
            Some(run) if at as u64 - run.end() < u64::from(RUN_GAP_BYTES) => {
                run.len = at as u32 + 1 - run.offset
            }
            _ => runs.push(Span::new(at as u32, 1)),
        }
    }
    runs
}

/// A page of zeros, and one that differs from it at these offsets.
#[track_caller]
fn check_at(len: usize, differs: &[usize], expect: &str) {
    let mut new = vec![0; len];
    differs.iter().for_each(|at| new[*at] = 1);
    check(&vec![0; len], &new, expect);
}

#[test]
fn touching_bytes_join_one_run() {
    check(b"aaaa", b"abba", "1+2");
}

#[test]
fn equal_pages_have_no_run() {
    check(b"", b"", "");
    check(&[7; 1000], &[7; 1000], "");
}

#[test]
fn a_page_wholly_changed_is_one_run() {
    check(&[0; 1001], &[1; 1001], "0+1001");
}

#[test]
fn the_last_byte_of_every_length_is_seen() {
    for len in 1..400 {
        check_at(len, &[len - 1], &format!("{}+1", len - 1));
    }
}

#[test]
#[should_panic(expected = "two lengths")]
fn images_of_two_lengths_are_a_mistake() {
    check(b"a", b"ab", "");
}

proptest! {
    #[test]
    fn runs_follow_the_rule_wherever_the_pages_lie(
        (old, writes) in (page_len().prop_flat_map(page), writes()), old_skew in 0..65usize, new_skew in 0..65usize,
    ) {
        let new = written(&old, &writes);
        let (mut old_place, mut new_place) = (vec![0xa5; old_skew], vec![0x5a; new_skew]);
        old_place.extend_from_slice(&old);
        new_place.extend_from_slice(&new);
        let mut runs = Vec::new();
        diff_runs(&old_place[old_skew..], &new_place[new_skew..], &mut runs);
        prop_assert_eq!(runs, naive(&old, &new));
    }
}
