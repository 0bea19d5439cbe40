//! Several stretches: fills that join, and entries that would become wide.

use mmsb_delta::{DeltaBatch, choose_delta_into};
use mmsb_types::{
    PageId, Span,
    limits::{COMPACT_ID_MAX, COMPACT_OFFSET_MAX},
};

use super::{PAGE, check, check_run, chosen, dump, laws::apply_all, noise};

#[test]
fn neighbouring_stretches_each_become_a_fill() {
    check_run(&[&[1; 20], &[2; 20], &[3; 5]], "fill 0+20 1, fill 20+20 2, fill 40+5 3");
}

#[test]
fn fills_join_over_unchanged_bytes_that_are_the_same() {
    let mut new = vec![0; 100];
    new[0] = 1;
    let mut old = new.clone();
    (10..90).step_by(20).for_each(|at| old[at..at + 4].fill(9));
    assert_eq!(dump(&chosen(PAGE, &old, &new)), "fill 10+64 0");
    old[35] = 5;
    new[35] = 5;
    assert_eq!(dump(&chosen(PAGE, &old, &new)), "fill 10+24 0, fill 50+24 0");
}

#[test]
fn fills_do_not_join_where_that_needs_a_wide_entry() {
    let mut old = noise(10_000);
    old[20..9200].fill(0);
    let new = old.clone();
    old[20..30].fill(9);
    old[9190..9200].fill(9);
    assert_eq!(dump(&chosen(PAGE, &old, &new)), "fill 20+10 0, fill 9190+10 0");
}

#[test]
fn joined_fills_count_once_against_the_page() {
    let (old, mut new) = ([0, 0, 0, 0, 0, 0, 0, 0, 9, 9].repeat(20), vec![0; 200]);
    new[0] = 1;
    let old = [&[1][..], &old[1..]].concat();
    // Apart, twenty wide entries would cost more than the page does.
    assert_eq!(dump(&chosen(PageId::new(COMPACT_ID_MAX + 1), &old, &new)), "fill 8+192 0");
}

#[test]
fn a_short_stretch_stays_where_cutting_it_out_makes_more_wide_entries() {
    let run = [&noise(9000)[..], &[0; 20], &noise(9000)].concat();
    check_run(&[&run], "bytes 0+18020");
}

#[test]
fn a_long_run_is_two_compact_entries_or_one_wide_one() {
    check(20_000, &[(1, &noise(4095))], "bytes 1+4095");
    check(20_000, &[(1, &noise(4096))], "bytes 1+4095, bytes 4096+1");
    check(20_000, &[(1, &noise(8190))], "bytes 1+4095, bytes 4096+4095");
    check(20_000, &[(1, &noise(8191))], "bytes 1+8191");
    check(20_000, &[(1, &[7; 8190])], "fill 1+4095 7, fill 4096+4095 7");
    check(20_000, &[(1, &[7; 8191])], "fill 1+8191 7");
}

#[test]
fn a_delta_that_covers_its_page_may_be_stored_whole() {
    let (mut batch, mut whole) = (DeltaBatch::default(), mmsb_delta::Delta::default());
    whole.overwrite(0, &noise(64));
    choose_delta_into(PAGE, &whole, 64, &mut batch);
    whole.fill(Span::new(0, 64), 3);
    choose_delta_into(PAGE, &whole, 64, &mut batch);
    choose_delta_into(PAGE, &whole, 65, &mut batch);
    assert_eq!(dump(&batch), "page 64, page 64 of 3, fill 0+64 3");
}

#[test]
fn far_down_a_long_page_entries_are_wide() {
    let near = COMPACT_OFFSET_MAX as usize;
    let old = vec![0; near + 9000];
    let mut new = old.clone();
    new[near - 5000..near + 40].copy_from_slice(&noise(5040));
    new[near + 100..near + 200].fill(1);
    let batch = chosen(PAGE, &old, &new);
    assert_eq!(dump(&batch), "bytes 1043575+4095, bytes 1047670+945, fill 1048675+100 1");
    assert_eq!((batch.compact_count(), batch.wide_count()), (2, 1));
    let mut result = old;
    apply_all(&batch, &mut result);
    assert_eq!(result, new);
}
