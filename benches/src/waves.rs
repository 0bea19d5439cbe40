//! Graphs whose pages are all computed anew at each change of one: the shapes of the line `waves`, and three ways to
//! go through them.
//!
//! A page is the sum of its inputs, word by word, and one. The [bare loop](bare) goes through the pages in an order
//! known before and does nothing else: the least that anybody can do. The [store](Store) is what a wave of mmsb-graph
//! computes in: boxed functions, each called under `catch_unwind`, whose output is compared with the page before.
//! [Peers](Peer) do the same with what a user would take instead; they come from a package of their own.

mod peer;
mod shape;
mod store;

pub use peer::{Peer, Rival, peers};
pub use shape::{SHAPES, Shape, hop};
pub use store::{Function, Inputs, Store};

/// Makes a page the source of a tick: every word is its number.
pub fn set_source(page: &mut [u8], tick: u64) {
    let (words, _) = page.as_chunks_mut::<8>();
    words.fill(tick.to_le_bytes());
}

/// Computes a page: the sum of the inputs, word by word, and one.
#[inline]
pub fn compute<'a>(mut inputs: impl Iterator<Item = &'a [u8]>, out: &mut [u8]) {
    if let Some(first) = inputs.next() {
        each_word(out, first, |_, word| word.wrapping_add(1));
    }
    inputs.for_each(|input| each_word(out, input, u64::wrapping_add));
}

#[inline]
fn each_word(out: &mut [u8], input: &[u8], sum: impl Fn(u64, u64) -> u64) {
    let (out, _) = out.as_chunks_mut::<8>();
    let (input, _) = input.as_chunks::<8>();
    for (out, word) in out.iter_mut().zip(input) {
        *out = sum(u64::from_le_bytes(*out), u64::from_le_bytes(*word)).to_le_bytes();
    }
}

/// Computes all pages behind the first in the order of their numbers.
pub fn bare(shape: &Shape, pages: &mut [Box<[u8]>]) {
    for (node, inputs) in shape.inputs.iter().enumerate().skip(1) {
        let (before, page) = pages.split_at_mut(node);
        compute(inputs.iter().map(|&input| &*before[input as usize]), &mut page[0]);
    }
}
