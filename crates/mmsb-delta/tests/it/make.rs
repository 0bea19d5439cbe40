//! Pages and changes for the property tests.

use mmsb_delta::Delta;
use mmsb_types::Span;
use proptest::{collection::vec, prelude::*};

/// Longest page the laws are tried on, in bytes.
pub const PAGE_BYTES_MAX: usize = if cfg!(miri) { 300 } else { 20_000 };

/// One write into a page, in fractions of the page's length so that it fits any.
#[derive(Clone, Debug)]
pub struct Write {
    at: u16,
    bytes: Vec<u8>,
    fill: Option<u16>,
}

pub fn writes() -> impl Strategy<Value = Vec<Write>> {
    let bytes = prop_oneof![4 => vec(any::<u8>(), 0..40), 1 => vec(0u8..2, 0..3000)];
    let fill = prop::option::weighted(0.3, 0..9000u16);
    let write = (any::<u16>(), bytes, fill).prop_map(|(at, bytes, fill)| Write { at, bytes, fill });
    vec(write, 0..12)
}

/// A page's length, short ones as likely as long ones.
pub fn page_len() -> impl Strategy<Value = usize> {
    prop_oneof![1..200usize, 1..=PAGE_BYTES_MAX]
}

/// A page of that length: random, of few values, or all zero.
pub fn page(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), len), vec(0u8..2, len), Just(vec![0; len])]
}

impl Write {
    /// The run written in a page of `len` bytes, with its bytes.
    pub fn run(&self, len: usize) -> (u32, Vec<u8>) {
        let at = usize::from(self.at) * len / (1 << 16);
        let mut bytes = match self.fill {
            Some(count) => vec![self.bytes.first().copied().unwrap_or_default(); usize::from(count)],
            None => self.bytes.clone(),
        };
        bytes.truncate(len - at);
        (at as u32, bytes)
    }
}

/// The page after the writes: what everything else is compared with.
pub fn written(page: &[u8], writes: &[Write]) -> Vec<u8> {
    let mut page = page.to_vec();
    for write in writes {
        let (at, bytes) = write.run(page.len());
        page[at as usize..at as usize + bytes.len()].copy_from_slice(&bytes);
    }
    page
}

/// The same writes as a delta.
pub fn delta(len: usize, writes: &[Write]) -> Delta {
    let mut delta = Delta::default();
    for write in writes {
        let (at, bytes) = write.run(len);
        match (write.fill, bytes.first()) {
            (Some(_), Some(byte)) => delta.fill(Span::new(at, bytes.len() as u32), *byte),
            _ => delta.overwrite(at, &bytes),
        }
    }
    delta
}
