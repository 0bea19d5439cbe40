//! Strings the masks of blocks together into runs.

use mmsb_types::{Span, limits::RUN_GAP_BYTES};

/// Bytes that one mask tells about.
pub(super) const BLOCK_BYTES: usize = 64;

const _: () = assert!(RUN_GAP_BYTES == 8, "`gaps` looks for eight equal bytes by three doublings");

/// Runs under construction. Invariant: the open run is `start..end`, empty if there is none yet, and
/// everything before it is in `out`.
pub(super) struct Runs<'a> {
    out: &'a mut Vec<Span>,
    start: u32,
    end: u32,
}

impl<'a> Runs<'a> {
    pub fn new(out: &'a mut Vec<Span>) -> Self {
        Self { out, start: 0, end: 0 }
    }

    /// Takes a block: bit `i` of `mask` tells that byte `base + i` differs. Blocks come by rising
    /// `base`; those with no bit set may be left out.
    #[inline(always)]
    pub fn block(&mut self, base: u32, mask: u64) {
        if mask == 0 {
            return;
        }
        let first = mask.trailing_zeros();
        let gaps = gaps(mask) & (u64::MAX << first);
        let behind = BLOCK_BYTES as u32 - mask.leading_zeros();
        self.meet(base + first);
        if gaps & !(u64::MAX << (behind - 1)) == 0 {
            self.end = base + behind;
        } else {
            self.split(base, mask, gaps);
        }
    }

    /// Takes a stretch from `first` to `end` that begins and ends with a byte that differs and has no
    /// gap; it comes in the order of the blocks.
    #[inline(always)]
    pub fn dense(&mut self, first: u32, end: u32) {
        self.meet(first);
        self.end = end;
    }

    /// Ends the last run.
    #[inline(always)]
    pub fn finish(self) {
        if self.start < self.end {
            self.out.push(Span::new(self.start, self.end - self.start));
        }
    }

    /// A byte differs at `at`: the open run goes on if it is near enough, else a new one begins.
    #[inline(always)]
    fn meet(&mut self, at: u32) {
        if at - self.end >= RUN_GAP_BYTES || self.start == self.end {
            if self.start < self.end {
                self.out.push(Span::new(self.start, self.end - self.start));
            }
            self.start = at;
        }
    }

    /// Takes a block in which eight or more equal bytes lie between two that differ.
    #[inline(always)]
    fn split(&mut self, base: u32, mut mask: u64, mut gaps: u64) {
        loop {
            // A gap's lowest bit stands right behind the last byte that differs before it.
            let behind_gap = gaps & (gaps.wrapping_neg());
            let past = mask & behind_gap.wrapping_neg();
            if behind_gap == 0 || past == 0 {
                self.end = base + BLOCK_BYTES as u32 - mask.leading_zeros();
                return;
            }
            self.end = base + behind_gap.trailing_zeros();
            self.meet(base + past.trailing_zeros());
            mask = past;
            gaps &= u64::MAX << past.trailing_zeros();
        }
    }
}

/// Bit `i` tells that the eight bytes from `i` on are equal and lie in the block.
#[inline(always)]
fn gaps(mask: u64) -> u64 {
    let one = !mask;
    let two = one & (one >> 1);
    let four = two & (two >> 2);
    four & (four >> 4)
}
