//! Plans: each touched word once, ordered, and as little of it as it takes.

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_gpu::{Coalescer, CpuOps, PageOps, Plan, PlanError};
use mmsb_types::{PageId, Span};
use proptest::prelude::*;

/// Plans patches of one page of 4096 bytes, which lies behind another one, and shows the plan.
#[track_caller]
fn check(patches: &[Patch<'_>], expect: &str) {
    let mut ops = CpuOps::new(1 << 16, 1 << 16);
    let (_, page) = (ops.create(256).unwrap(), ops.create(4096).unwrap());
    let mut batch = DeltaBatch::default();
    patches.iter().for_each(|patch| batch.push(PageId::new(9), *patch));
    let mut coalescer = Coalescer::default();
    let plan = coalescer.plan(ops.slabs(), &[batch.view()], |_| Some(page)).unwrap();
    assert_eq!(shown(plan), expect);
}

fn shown(plan: &Plan) -> String {
    let ops: Vec<String> = plan.word_ops().iter().map(|op| format!("{op:?}")).collect();
    format!("{} and {} bytes", ops.join(" "), plan.stretch_bytes())
}

#[test]
fn an_unaligned_run_masks_its_edge_words() {
    let run = Patch::Bytes { offset: 2, bytes: &[1, 2, 3, 4, 5, 6, 7, 8] };
    check(&[run], "64:1100=02010000 65:1111=06050403 66:0011=00000807 and 0 bytes");
}

#[test]
fn the_last_writer_of_a_byte_wins() {
    let (old, new) = (Patch::Bytes { offset: 0, bytes: &[1; 6] }, Patch::Bytes { offset: 3, bytes: &[2; 2] });
    check(&[old, new], "64:1111=02010101 65:0011=00000102 and 0 bytes");
    check(&[new, old], "64:1111=01010101 65:0011=00000101 and 0 bytes");
}

#[test]
fn patches_of_one_word_are_one_op() {
    let byte = |offset| Patch::Fill { span: Span::new(offset, 1), byte: 7 };
    check(&[byte(3), byte(0), byte(3)], "64:1001=07000007 and 0 bytes");
}

#[test]
fn four_lines_together_go_whole_and_their_edges_as_ops() {
    let run = Patch::Fill { span: Span::new(60, 264), byte: 1 };
    check(&[run], "79:1111=01010101 144:1111=01010101 and 256 bytes");
    let shorter = Patch::Fill { span: Span::new(64, 255), byte: 1 };
    let mut ops = CpuOps::new(1 << 16, 1 << 16);
    let page = ops.create(4096).unwrap();
    let mut batch = DeltaBatch::default();
    batch.push(PageId::new(9), shorter);
    let mut coalescer = Coalescer::default();
    let plan = coalescer.plan(ops.slabs(), &[batch.view()], |_| Some(page)).unwrap();
    assert_eq!((plan.word_ops().len(), plan.stretch_bytes()), (0, 256), "with a mask");
}

#[test]
fn a_page_touched_at_every_other_word_stays_ops_and_at_more_goes_whole() {
    let words = |step: u32| (0..1024).step_by(step as usize).map(|word| Span::new(word * 4 + 1, 2));
    let patches: Vec<Patch<'_>> = words(2).map(|span| Patch::Fill { span, byte: 3 }).collect();
    let mut ops = CpuOps::new(1 << 16, 1 << 16);
    let page = ops.create(4096).unwrap();
    let mut coalescer = Coalescer::default();
    let mut plan = |patches: &[Patch<'_>]| {
        let mut batch = DeltaBatch::default();
        patches.iter().for_each(|patch| batch.push(PageId::new(9), *patch));
        let plan = coalescer.plan(ops.slabs(), &[batch.view()], |_| Some(page)).unwrap();
        (plan.word_ops().len(), plan.stretch_bytes())
    };
    assert_eq!(plan(&patches), (512, 0));
    let patches: Vec<Patch<'_>> = words(1).map(|span| Patch::Fill { span, byte: 3 }).collect();
    assert_eq!(plan(&patches), (0, 4096));
}

#[test]
fn a_patch_that_does_not_fit_is_refused_and_one_of_no_mirror_left_out() {
    let mut ops = CpuOps::new(1 << 16, 1 << 16);
    let page = ops.create(100).unwrap();
    let mut batch = DeltaBatch::default();
    batch.push(PageId::new(9), Patch::Bytes { offset: 99, bytes: &[1, 2] });
    let mut coalescer = Coalescer::default();
    let refused = coalescer.plan(ops.slabs(), &[batch.view()], |_| Some(page)).unwrap_err();
    assert!(matches!(refused, PlanError::Misfit { page, .. } if page == PageId::new(9)));
    assert!(coalescer.plan(ops.slabs(), &[batch.view()], |_| None).unwrap().is_empty());
    ops.free(page).unwrap();
    let refused = coalescer.plan(ops.slabs(), &[batch.view()], |_| Some(page)).unwrap_err();
    assert!(matches!(refused, PlanError::Stale { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Many patches on many pages: enough that lines are sorted by digits.
    #[test]
    fn a_plan_names_each_word_once_and_in_order(seeds in prop::collection::vec(any::<u32>(), 1..3000)) {
        let mut ops = CpuOps::new(1 << 18, 1 << 24);
        let pages: Vec<_> = (0..300).map(|_| ops.create(4096).unwrap()).collect();
        let mut model = vec![vec![0; 4096]; pages.len()];
        let mut batch = DeltaBatch::default();
        for seed in seeds {
            let (page, offset) = ((seed >> 20) as usize % pages.len(), seed % 4089);
            let bytes = u64::from(seed).wrapping_mul(0x0123_4567_89ab_cdef).to_le_bytes();
            batch.push(PageId::new(page as u64 + 1), Patch::Bytes { offset, bytes: &bytes });
            model[page][offset as usize..][..8].copy_from_slice(&bytes);
        }
        let mut coalescer = Coalescer::default();
        let handle = |page: PageId| Some(pages[page.get() as usize - 1]);
        let plan = coalescer.plan(ops.slabs(), &[batch.view()], handle).unwrap();
        let per_slab = plan.word_ops().windows(2).filter(|pair| pair[0].word() >= pair[1].word());
        prop_assert!(per_slab.count() < ops.slabs().slab_count(), "words rise within each slab");
        ops.apply(plan).unwrap();
        for (page, model) in pages.iter().zip(&model) {
            prop_assert_eq!(&ops.read(*page).unwrap(), model);
        }
    }
}
