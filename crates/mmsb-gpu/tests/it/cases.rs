//! Random work on a few pages, as values that shrink.

use mmsb_gpu::Combine;
use proptest::prelude::*;

/// Pages and what is done with them. Pages are named by any number; it is taken modulo how many there are.
#[derive(Clone, Debug)]
pub struct Case {
    /// Lengths of pages. Several are equal, so that there are pairs.
    pub lengths: Vec<u32>,
    /// What is done, in order.
    pub acts: Vec<Act>,
}

/// One act. What makes no sense for its pages is left out by whoever does it.
#[derive(Clone, Debug)]
pub enum Act {
    Zero(Vec<usize>),
    Copy { target: usize, source: usize },
    Write { page: usize, seed: u64 },
    Merge { page: usize, seed: u64, density: u8 },
    Batches(Vec<Vec<Run>>),
    Propagate { combine: Combine, output: usize, inputs: Vec<(usize, u32)>, keep: bool },
    Recreate { page: usize },
}

/// One patch, somewhere in a page.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub page: usize,
    pub offset: u32,
    pub len: u32,
    pub seed: u64,
    pub is_fill: bool,
}

pub fn case() -> impl Strategy<Value = Case> {
    (lengths(), prop::collection::vec(act(), 1..8)).prop_map(|(lengths, acts)| Case { lengths, acts })
}

/// Lengths that cross a tile now and then, half of them one length of whole integers.
fn lengths() -> impl Strategy<Value = Vec<u32>> {
    let length = prop_oneof![1..200_u32, 1..20_000_u32, 16_380..16_390_u32];
    let common = length.clone().prop_map(|bytes| bytes.next_multiple_of(4));
    (common, prop::collection::vec(length, 1..4))
        .prop_map(|(common, others)| [common; 3].into_iter().chain(others).collect())
}

fn act() -> impl Strategy<Value = Act> {
    let page = || 0..8_usize;
    prop_oneof![
        1 => prop::collection::vec(page(), 1..4).prop_map(Act::Zero),
        1 => (page(), page()).prop_map(|(target, source)| Act::Copy { target, source }),
        2 => (page(), any::<u64>()).prop_map(|(page, seed)| Act::Write { page, seed }),
        2 => (page(), any::<u64>(), 0..9_u8).prop_map(|(page, seed, density)| Act::Merge { page, seed, density }),
        4 => batches().prop_map(Act::Batches),
        3 => (combine(), page(), prop::collection::vec((page(), any::<u32>()), 0..4), any::<bool>())
            .prop_map(|(combine, output, inputs, keep)| Act::Propagate { combine, output, inputs, keep }),
        1 => page().prop_map(|page| Act::Recreate { page }),
    ]
}

/// Batches of patches that crowd together, so that many overlap.
pub fn batches() -> impl Strategy<Value = Vec<Vec<Run>>> {
    let offset = prop_oneof![3 => 0..400_u32, 1 => 0..20_000_u32];
    let len = prop_oneof![6 => 1..20_u32, 2 => 1..700_u32, 1 => Just(u32::MAX)];
    let run = (0..8_usize, offset, len, any::<u64>(), any::<bool>())
        .prop_map(|(page, offset, len, seed, is_fill)| Run { page, offset, len, seed, is_fill });
    prop::collection::vec(prop::collection::vec(run, 0..40), 1..4)
}

fn combine() -> impl Strategy<Value = Combine> {
    let all = [Combine::Xor, Combine::Add, Combine::Min, Combine::Max, Combine::Axpy];
    prop::sample::select(all.to_vec())
}

/// Bytes that follow from a seed.
pub fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = std::iter::repeat_with(|| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (state >> 33) as u8
    });
    next.take(len).collect()
}
