//! Which patches stand for a change: the rule's cases, and its laws.

use mmsb_delta::{DeltaBatch, Patch, choose_delta_into, choose_into, diff, diff_runs};
use mmsb_types::{
    PageId, Span,
    limits::{COMPACT_ID_MAX, COMPACT_OFFSET_MAX},
};
use proptest::{collection::vec, prelude::*};

use crate::make::{delta, page, page_len, writes, written};

const PAGE: PageId = PageId::new(5);

fn chosen(page: PageId, old: &[u8], new: &[u8]) -> DeltaBatch {
    let (mut runs, mut batch) = (Vec::new(), DeltaBatch::default());
    diff_runs(old, new, &mut runs);
    choose_into(page, old, new, &runs, &mut batch);
    batch
}

/// The patches in words: form, run, and the byte of a fill.
fn dump(batch: &DeltaBatch) -> String {
    let words = batch.view().iter().map(|(_, patch)| match patch {
        Patch::Bytes { .. } => format!("bytes {}", patch.span()),
        Patch::Fill { span, byte } => format!("fill {span} {byte}"),
        Patch::Page { bytes } => format!("page {}", bytes.len()),
        Patch::PageFill { page_bytes, byte } => format!("page {page_bytes} of {byte}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// `len` bytes that hold no byte twice in a row and never a zero.
fn noise(len: usize) -> Vec<u8> {
    (0..len).map(|at| 1 + (at * 7 % 255) as u8).collect()
}

/// A page of zeros becomes one of zeros with `parts` at their offsets.
#[track_caller]
fn check(len: usize, parts: &[(usize, &[u8])], expect: &str) {
    let mut new = vec![0; len];
    parts.iter().for_each(|(at, part)| new[*at..*at + part.len()].copy_from_slice(part));
    assert_eq!(dump(&chosen(PAGE, &vec![0; len], &new)), expect);
}

/// The bytes of a page of which nothing was known become `new` from offset 0 on.
#[track_caller]
fn check_run(new: &[&[u8]], expect: &str) {
    let new = new.concat();
    let mut batch = DeltaBatch::default();
    let mut delta = mmsb_delta::Delta::default();
    delta.overwrite(0, &new);
    choose_delta_into(PAGE, &delta, 1 << 20, &mut batch);
    assert_eq!(dump(&batch), expect);
}

#[test]
fn equal_pages_need_no_patch() {
    check(100, &[], "");
}

#[test]
fn each_run_is_a_patch() {
    check(100, &[(3, b"abc"), (40, b"d")], "bytes 3+3, bytes 40+1");
}

#[test]
fn two_equal_bytes_are_a_fill_and_one_is_not() {
    check(100, &[(3, b"a")], "bytes 3+1");
    check(100, &[(3, b"aa")], "fill 3+2 97");
}

#[test]
fn a_page_of_one_byte_is_said_in_one_byte() {
    check(100, &[(0, &[7; 100])], "page 100 of 7");
    check(1, &[(0, b"a")], "page 1 of 97");
}

#[test]
fn clearing_a_page_is_said_in_one_byte() {
    let batch = chosen(PAGE, &noise(4096), &[0; 4096]);
    assert_eq!((dump(&batch).as_str(), batch.encoded_bytes()), ("page 4096 of 0", 9));
}

#[test]
fn a_page_changed_all_over_is_stored_whole() {
    check(300, &[(0, &noise(300))], "page 300");
    // Two runs with eight bytes between them cost as much as the page: the page wins the tie.
    check(100, &[(0, &noise(46)), (54, &noise(46))], "page 100");
    check(100, &[(0, &noise(45)), (54, &noise(46))], "bytes 0+45, bytes 54+46");
}

#[test]
fn a_stretch_at_the_edge_is_cut_out_from_ten_bytes_on() {
    check_run(&[&[0; 9], &noise(5)], "bytes 0+14");
    check_run(&[&[0; 10], &noise(5)], "fill 0+10 0, bytes 10+5");
    check_run(&[&noise(5), &[0; 9]], "bytes 0+14");
    check_run(&[&noise(5), &[0; 10]], "bytes 0+5, fill 5+10 0");
}

#[test]
fn a_stretch_inside_is_cut_out_from_eighteen_bytes_on() {
    check_run(&[&noise(5), &[0; 17], &noise(5)], "bytes 0+27");
    check_run(&[&noise(5), &[0; 18], &noise(5)], "bytes 0+5, fill 5+18 0, bytes 23+5");
}

#[test]
fn neighbouring_stretches_each_become_a_fill() {
    check_run(&[&[1; 20], &[2; 20], &[3; 5]], "fill 0+20 1, fill 20+20 2, fill 40+5 3");
}

#[test]
fn fills_join_over_unchanged_bytes_that_are_the_same() {
    let mut old = vec![0; 100];
    (10..90).step_by(20).for_each(|at| old[at..at + 4].fill(9));
    old[0] = 1;
    let mut new = vec![0; 100];
    new[0] = 1;
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

/// Ids and places in a page for which entries are compact, wide by id, and mixed.
fn ids() -> impl Strategy<Value = PageId> {
    prop_oneof![3 => Just(PAGE), 1 => Just(PageId::new(COMPACT_ID_MAX + 1))]
}

/// What one patch of form bytes for each run costs.
fn plain_cost(page: PageId, new: &[u8], runs: &[Span]) -> usize {
    let mut plain = DeltaBatch::default();
    for run in runs {
        plain.push(page, Patch::Bytes { offset: run.offset, bytes: &new[run.range()] });
    }
    plain.encoded_bytes()
}

fn apply_all(batch: &DeltaBatch, page: &mut [u8]) {
    batch.view().iter().for_each(|(_, patch)| patch.apply(page).expect("a chosen patch fits"));
}

/// New pages with long stretches, so that every rule is met.
fn pages() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let stretches = vec((0u8..3, 1..60usize), 0..80);
    let parts = (page_len().prop_flat_map(page), stretches, writes(), any::<bool>());
    parts.prop_map(|(old, stretches, writes, swap)| {
        let repeated = stretches.into_iter().flat_map(|(byte, count)| std::iter::repeat_n(byte, count));
        let mut new: Vec<u8> = repeated.take(old.len()).collect();
        new.extend_from_slice(&old[new.len()..]);
        let new = written(&new, &writes);
        if swap { (new, old) } else { (old, new) }
    })
}

proptest! {
    #[test]
    fn the_chosen_patches_give_the_new_page((old, new) in pages(), page in ids()) {
        let batch = chosen(page, &old, &new);
        let mut result = old.clone();
        apply_all(&batch, &mut result);
        prop_assert_eq!(result, new);
        prop_assert_eq!(mmsb_delta::check(batch.view(), |_| Some(old.len() as u32)), vec![]);
    }

    #[test]
    fn the_choice_is_never_larger_than_the_runs_or_the_page((old, new) in pages(), page in ids()) {
        let runs: Vec<_> = diff(&old, &new).spans().collect();
        let batch = chosen(page, &old, &new);
        prop_assert!(batch.encoded_bytes() <= plain_cost(page, &new, &runs));
        prop_assert!(batch.encoded_bytes() <= 24 + new.len());
    }

    #[test]
    fn a_delta_is_chosen_for_without_its_page((page, writes) in (page_len().prop_flat_map(page), writes()), id in ids()) {
        let delta = delta(page.len(), &writes);
        let mut batch = DeltaBatch::default();
        choose_delta_into(id, &delta, page.len() as u32, &mut batch);
        let mut result = page.clone();
        apply_all(&batch, &mut result);
        let new = written(&page, &writes);
        prop_assert_eq!(&result, &new);
        let runs: Vec<_> = delta.spans().collect();
        prop_assert!(batch.encoded_bytes() <= plain_cost(id, &new, &runs));
    }

    #[test]
    fn the_worst_case_reserved_is_enough((old, new) in pages(), page in ids()) {
        let mut batch = DeltaBatch::default();
        batch.reserve_worst(page, old.len() as u32);
        let before = batch.capacities();
        let mut runs = Vec::new();
        diff_runs(&old, &new, &mut runs);
        choose_into(page, &old, &new, &runs, &mut batch);
        prop_assert_eq!(batch.capacities(), before);
    }
}

#[test]
fn far_down_a_long_page_entries_are_wide() {
    let len = COMPACT_OFFSET_MAX as usize + 9000;
    let near = COMPACT_OFFSET_MAX as usize;
    let old = vec![0; len];
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
