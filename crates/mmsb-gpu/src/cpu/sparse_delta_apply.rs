//! Twin of `sparse_delta_apply.wgsl`: one op, one word.

use super::{Host, byte_mask};
use crate::{Dispatch, Program, WordOp};

pub(super) fn run(host: &mut Host, program: &Program, dispatch: &Dispatch) {
    let slab = host.slabs[dispatch.target as usize].as_flattened_mut();
    for &[place, value] in &program.words.as_chunks().0[dispatch.items()] {
        let op = WordOp { place, value };
        let (word, mask) = (&mut slab[op.word() as usize], byte_mask(op.mask()));
        *word = (*word & !mask) | (value & mask);
    }
}
