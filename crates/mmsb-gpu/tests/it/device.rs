//! A device does with pages what byte arrays, and the host's twins, do.

use std::{cell::RefCell, time::Duration};

use mmsb_gpu::{
    Combine, CpuOps, Dispatch, Engine, GpuError, GpuOps, Kernel, PageOps, Pages, Place, Program, Step, Tile,
    Wanted,
};
use proptest::{prelude::*, test_runner::TestRunner};

use crate::{
    cases::case,
    follow::{self, Life},
    model::check,
    permuted::Permuted,
};

/// A device, or none if there is none and the environment does not require one.
pub fn open(slab_bytes: u64) -> Option<GpuOps> {
    match GpuOps::open(slab_bytes, 1 << 24) {
        Ok(ops) => Some(ops),
        Err(GpuError::NoAdapter { why }) if Wanted::from_env().unwrap() != Wanted::Require => {
            eprintln!("no device, so nothing is tested: {why}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn kernels_do_what_byte_arrays_do() {
    let Some(mut ops) = open(48 << 10) else { return };
    run(&mut ops, 1000);
}

/// Opens a device with a fault in one kernel, and says what comes of it: known answers find it, or byte arrays do.
#[track_caller]
fn planted(source_name: &str, right: &'static str, wrong: &'static str) {
    if open(1 << 20).is_none() {
        return;
    }
    let opened = GpuOps::open_with(48 << 10, 1 << 24, |kernel| {
        let source = kernel.source();
        if kernel.source_name() != source_name {
            return source.to_owned();
        }
        assert!(source.contains(right), "the fault has no place in {source_name}");
        source.replace(right, wrong)
    });
    match opened {
        Err(GpuError::WrongAnswer { .. }) => {}
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("a fault in {source_name} was not found"),
    }
}

#[test]
fn a_tail_mask_off_by_one_is_found() {
    planted("delta_merge", "16u * (i % 2u)", "16u * (i % 2u) + 1u");
}

#[test]
fn an_edge_word_stored_whole_is_found() {
    planted("sparse_delta_apply", "if bits != 15u {", "if bits == 16u {");
}

#[test]
fn a_tile_that_ends_early_is_found() {
    planted("page_zero", "i < tile.count", "i + 1u < tile.count");
}

#[test]
fn a_factor_left_out_is_found() {
    planted("propagate", "sum + quad * factor", "sum + quad");
}

#[test]
fn words_placed_out_of_order_are_found() {
    planted("snapshot_diff", "place += found[lower] * 2u;", "place += found[lane] * 2u;");
}

#[test]
fn a_quad_that_does_not_know_its_place_is_found() {
    planted("page_fingerprint", "tile.offset + i)", "i)");
}

#[test]
fn a_hash_of_one_flag_less_is_found() {
    planted("page_blake3", "PARENT | ROOT", "PARENT");
}

#[test]
fn the_first_difference_and_not_the_last_is_told() {
    planted("page_compare", "~(quad * 16u", "(quad * 16u");
}

#[test]
fn a_variant_that_reads_the_wrong_source_is_found() {
    planted("page_copy", "if FROM_BATCH {", "if !FROM_BATCH {");
}

#[test]
fn a_destroyed_device_is_told_by_the_next_answer_and_by_every_call_behind_it() {
    let Some(mut ops) = open(1 << 20) else { return };
    let page = ops.create(1000).unwrap();
    ops.write(page, &[7; 1000]).unwrap();
    ops.engine().destroy();
    // A driver tells it once its queue is empty, so at the latest whoever waits for an answer learns of it.
    let lost = |refused: Result<(), GpuError>| assert!(matches!(refused, Err(GpuError::Lost { .. })));
    lost(ops.read(page).map(drop));
    lost(ops.write(page, &[8; 1000]));
    lost(ops.create(1 << 20).map(drop));
    lost(ops.blake3(&[page]).map(drop));
}

#[test]
fn a_kernel_that_does_not_compile_is_a_named_error() {
    let Some(_) = open(1 << 20) else { return };
    let refused = GpuOps::open_with(1 << 20, 1 << 20, |_| "not a kernel".to_owned());
    assert!(matches!(refused, Err(GpuError::Validation { doing: "compiling kernels", .. })));
}

#[test]
fn an_injected_budget_refuses_a_slab_and_leaves_the_others() {
    let Some(_) = open(1 << 20) else { return };
    let mut ops = GpuOps::open(1 << 20, 2 << 20).unwrap();
    let pages = [ops.create(1 << 20).unwrap(), ops.create(1 << 20).unwrap()];
    assert!(matches!(ops.create(1), Err(GpuError::OutOfMemory { need_bytes: 256, .. })));
    ops.write(pages[1], &vec![5; 1 << 20]).unwrap();
    assert!(ops.read(pages[0]).unwrap().iter().all(|byte| *byte == 0));
    ops.free(pages[1]).unwrap();
    ops.create(1 << 20).unwrap();
}

#[test]
fn more_tiles_than_a_dimension_holds_fold_into_rows() {
    let Some(_) = open(1 << 20) else { return };
    let mut ops = GpuOps::open(32 << 20, 32 << 20).unwrap();
    let pages: Vec<_> = (0..70_000).map(|_| ops.create(256).unwrap()).collect();
    ops.write(pages[0], &[1; 256]).unwrap();
    ops.write(pages[69_998], &[3; 256]).unwrap();
    let prints = ops.fingerprints(&pages).unwrap();
    assert_eq!(prints.iter().filter(|print| **print != prints[1]).count(), 2);
    assert!(prints[0] != prints[69_998] && prints[69_998] != prints[69_999]);
    ops.run(&[Step::Zero(&pages)]).unwrap();
    assert_eq!(ops.read(pages[69_998]).unwrap(), [0; 256]);
}

/// Ops of a plan are apart, so their order does not matter: neither a device nor its twin may care.
#[test]
fn a_device_and_its_twin_agree_on_pages_of_many_slabs() {
    let Some(mut ops) = open(48 << 10) else { return };
    let mut twins = CpuOps::new(48 << 10, 1 << 24);
    for ops in [&mut ops as &mut dyn PageOps, &mut twins] {
        let pages: Vec<_> = (0..40).map(|_| ops.create(20_000).unwrap()).collect();
        assert_eq!(ops.slabs().slab_count(), 20);
        let bytes: Vec<Vec<u8>> = (0..40).map(|seed| crate::cases::bytes(seed, 20_000)).collect();
        pages.iter().zip(&bytes).for_each(|(page, bytes)| ops.write(*page, bytes).unwrap());
        let pairs: Vec<_> = (0..20).map(|page| (pages[page], pages[39 - page])).collect();
        ops.run(&[Step::Copy(&pairs)]).unwrap();
        for page in 0..20 {
            assert_eq!(ops.read(pages[page]).unwrap(), bytes[39 - page]);
        }
    }
}

#[test]
fn kernels_do_not_care_for_the_order_of_items() {
    let Some(ops) = open(48 << 10) else { return };
    let mut ops = Pages::with_engine(Permuted(ops.into_engine()), 48 << 10, 1 << 24);
    run(&mut ops, 200);
}

/// Runs random cases. Slabs outlive them, so slots are used again and again.
fn run(ops: &mut dyn PageOps, count: u32) {
    let ops = RefCell::new(ops);
    let mut runner = TestRunner::new(ProptestConfig::with_cases(count));
    runner.run(&case(), |case| check(*ops.borrow_mut(), &case)).unwrap();
}

#[test]
fn what_is_timed_is_done_as_often_as_it_says() {
    let Some(mut ops) = open(1 << 20) else { return };
    let page = ops.create(64).unwrap();
    ops.write(page, &[1; 64]).unwrap();
    let (page_quad, other_quad) = (0, 16);
    // Doubles the page's integers into the page behind it: nobody asks a program who owns its places.
    let tile = Tile { target: other_quad, count: 4, mask: 1, inputs: 1, ..Tile::default() };
    let kernel = Kernel::Propagate(Combine::Axpy);
    let dispatch = Dispatch { kernel, target: 0, source: 0, first: 0, count: 1 };
    let words = vec![page_quad, 2, 0, 0];
    let program = Program { tiles: vec![tile], words, dispatches: vec![dispatch], result_words: 0 };
    let mut device = ops.into_engine();
    let took = device.time(&program, 3).unwrap();
    let place = Place { slab: 0, first_word: 64, page_bytes: 64 };
    assert_eq!(device.read(&[place]).unwrap(), [0x0606_0606; 16]);
    assert_eq!(took.device.is_some(), device.about().has_clock);
    assert!(took.device.is_none_or(|device| device < took.host), "{took:?}");
    assert!(device.time_copy(1 << 20, 2).unwrap().host > Duration::ZERO);
}

#[test]
fn a_mirror_on_a_device_follows_a_bus_through_everything() {
    let Some(_) = open(1 << 20) else { return };
    let open = || GpuOps::open(follow::SLAB_BYTES, follow::BUDGET_BYTES).unwrap();
    let life = Life { open: &open, lose: &|residents| residents.ops().engine().destroy() };
    let mut runner =
        TestRunner::new(ProptestConfig { max_shrink_iters: 64, ..ProptestConfig::with_cases(24) });
    runner.run(&follow::acts(), |(seed, acts)| follow::check(seed, &acts, &life)).unwrap();
}
