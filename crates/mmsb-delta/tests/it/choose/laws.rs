//! The rule's laws: what is chosen makes the new page, and costs no more than the plain runs.

use mmsb_delta::{DeltaBatch, Patch, choose_delta_into, choose_into, diff, diff_runs};
use mmsb_types::{PageId, Span, limits::COMPACT_ID_MAX};
use proptest::{collection::vec, prelude::*};

use super::{PAGE, chosen};
use crate::make::{delta, page, page_len, writes, written};

/// Ids and places in a page for which entries are compact, wide by id, and mixed.
fn ids() -> impl Strategy<Value = PageId> {
    prop_oneof![3 => Just(PAGE), 1 => Just(PageId::new(COMPACT_ID_MAX + 1))]
}

/// What one patch of form bytes for each run costs.
fn plain_cost(page: PageId, new: &[u8], runs: &[Span]) -> usize {
    let mut plain = DeltaBatch::default();
    let patch = |run: &Span| Patch::Bytes { offset: run.offset, bytes: &new[run.range()] };
    runs.iter().map(patch).for_each(|patch| plain.push(page, patch));
    plain.encoded_bytes()
}

pub(super) fn apply_all(batch: &DeltaBatch, page: &mut [u8]) {
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
