//! SQLite's checksum: two sums, each fed by the other, over pairs of 32-bit words.
//!
//! One sum is a chain of dependent additions, two cycles for eight bytes. But a frame's sum starts
//! from the one stored in the frame before it, so frames can be checked side by side: four chains keep
//! a processor busy that one leaves waiting. A wrong stored sum fails its own frame first, so the
//! first mismatch is the same as in order.

use super::frame;

/// How many frames are summed side by side.
pub(super) const LANES: usize = 4;

/// The two running sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checksum(u32, u32);

/// How the words of the data are laid out; the log's magic number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordOrder {
    Little,
    Big,
}

/// A frame whose sum is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// Which frame of the run, from 0.
    pub(super) index: usize,
    /// What its bytes give.
    pub(super) computed: Checksum,
}

impl Checksum {
    /// Where the header's sum starts.
    pub(super) const ZERO: Self = Self(0, 0);

    /// Reads a stored sum: big-endian, whatever the order of the data.
    pub(super) fn stored(bytes: &[u8; 8]) -> Self {
        let value = u64::from_be_bytes(*bytes);
        Self((value >> 32) as u32, value as u32)
    }

    /// Returns both sums as one number, in the order they are stored.
    pub(super) fn value(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.1)
    }

    /// Returns the sums carried on over `bytes`, a multiple of eight.
    pub(super) fn over(self, order: WordOrder, bytes: &[u8]) -> Self {
        match order {
            WordOrder::Little => sum::<1>([self], [bytes], u32::from_le_bytes)[0],
            WordOrder::Big => sum::<1>([self], [bytes], u32::from_be_bytes)[0],
        }
    }
}

/// Returns the first frame of a run whose stored sum is not what its bytes give.
///
/// `before` is the sum stored in front of the run; `frames` holds whole frames of `frame_bytes`.
///
/// # Cost
/// About 17 GB/s where the bytes are in the cache.
pub(super) fn first_mismatch(
    order: WordOrder,
    before: Checksum,
    frames: &[u8],
    frame_bytes: usize,
) -> Option<Mismatch> {
    match order {
        WordOrder::Little => first_mismatch_as(before, frames, frame_bytes, u32::from_le_bytes),
        WordOrder::Big => first_mismatch_as(before, frames, frame_bytes, u32::from_be_bytes),
    }
}

fn first_mismatch_as(
    mut before: Checksum,
    frames: &[u8],
    frame_bytes: usize,
    word: impl Fn([u8; 4]) -> u32 + Copy,
) -> Option<Mismatch> {
    let mut groups = frames.chunks_exact(LANES * frame_bytes);
    let mut first = 0;
    for group in &mut groups {
        let lanes: [&[u8]; LANES] = std::array::from_fn(|lane| &group[lane * frame_bytes..][..frame_bytes]);
        if let Some(found) = mismatch_in(&mut before, lanes, word) {
            return Some(Mismatch { index: first + found.index, ..found });
        }
        first += LANES;
    }
    for (index, frame) in (first..).zip(groups.remainder().chunks_exact(frame_bytes)) {
        if let Some(found) = mismatch_in(&mut before, [frame], word) {
            return Some(Mismatch { index, ..found });
        }
    }
    None
}

/// Checks neighbouring frames side by side and moves `before` behind them.
#[inline(always)]
fn mismatch_in<const N: usize>(
    before: &mut Checksum,
    frames: [&[u8]; N],
    word: impl Fn([u8; 4]) -> u32 + Copy,
) -> Option<Mismatch> {
    let stored = frames.map(frame::checksum);
    let starts = std::array::from_fn(|lane| if lane == 0 { *before } else { stored[lane - 1] });
    let heads = sum(starts, frames.map(frame::summed_head), word);
    let computed = sum(heads, frames.map(frame::page), word);
    *before = stored[N - 1];
    let index = (0..N).find(|&lane| computed[lane] != stored[lane])?;
    Some(Mismatch { index, computed: computed[index] })
}

/// Carries `N` sums on over `N` slices of one length.
#[allow(clippy::needless_range_loop, reason = "one place in every lane: no single lane is iterated")]
#[inline(always)]
fn sum<const N: usize>(
    mut sums: [Checksum; N],
    bytes: [&[u8]; N],
    word: impl Fn([u8; 4]) -> u32,
) -> [Checksum; N] {
    let count = bytes[0].len() / 8;
    let lanes = bytes.map(|lane| &lane.as_chunks::<8>().0[..count]);
    for at in 0..count {
        for lane in 0..N {
            let [a, b, c, d, e, f, g, h] = lanes[lane][at];
            let Checksum(one, two) = &mut sums[lane];
            *one = one.wrapping_add(word([a, b, c, d])).wrapping_add(*two);
            *two = two.wrapping_add(word([e, f, g, h])).wrapping_add(*one);
        }
    }
    sums
}
