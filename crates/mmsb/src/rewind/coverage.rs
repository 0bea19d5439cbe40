//! Which bytes of a page have their old value already: a bit for each.

#[cfg(test)]
mod tests;

/// Bits of one page at a time. Between pages all are zero.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    words: Vec<u64>,
}

impl Coverage {
    /// Covers the bytes from `start` to `end`, and calls `visit` with start and end of each stretch of them
    /// that was not covered.
    ///
    /// # Cost
    /// A few nanoseconds for each 64 bytes and each stretch.
    #[inline]
    pub(super) fn cover(&mut self, start: u32, end: u32, mut visit: impl FnMut(u32, u32)) {
        self.grow(end);
        let mut open = None;
        for (base, mask) in words(start, end) {
            let word = &mut self.words[base as usize / 64];
            let taken = *word & mask;
            *word |= mask;
            open = if taken == 0 {
                open.or(Some(base + mask.trailing_zeros()))
            } else {
                Stretches { base, free: mask & !taken, taken }.visit_from(open, &mut visit)
            };
        }
        if let Some(open) = open {
            visit(open, end);
        }
    }

    #[inline]
    fn grow(&mut self, end: u32) {
        if self.words.len() * 64 < end as usize {
            self.words.resize((end as usize).div_ceil(64), 0);
        }
    }

    /// Uncovers what [`Coverage::cover`] covered, and perhaps neighbours: call it for all runs of a page.
    #[inline]
    pub(super) fn clear(&mut self, start: u32, end: u32) {
        self.words[start as usize / 64..(end as usize).div_ceil(64)].fill(0);
    }
}

/// Returns the words that hold the bits from `start` to `end`: the first bit's number, and a mask of those meant.
#[inline]
fn words(start: u32, end: u32) -> impl Iterator<Item = (u32, u64)> {
    (start / 64..end.div_ceil(64)).map(move |index| {
        let base = index * 64;
        let (low, high) = (start.max(base) - base, end.min(base + 64) - base);
        (base, u64::MAX >> (64 - (high - low)) << low)
    })
}

/// The bits of one word that are gone through from the lowest: those free and those taken, of those meant.
struct Stretches {
    base: u32,
    free: u64,
    taken: u64,
}

impl Stretches {
    /// Visits the free stretches that end in this word; `open` is where one begins that reaches into it.
    /// Returns where one begins that reaches the end of what is meant.
    #[inline]
    fn visit_from(mut self, mut open: Option<u32>, visit: &mut impl FnMut(u32, u32)) -> Option<u32> {
        loop {
            let start = open.or_else(|| self.next_free())?;
            let Some(end) = self.next_taken() else { return Some(start) };
            visit(start, end);
            open = None;
        }
    }

    /// Goes on to the lowest bit that is free.
    #[inline]
    fn next_free(&mut self) -> Option<u32> {
        let first = (self.free != 0).then(|| self.free.trailing_zeros())?;
        self.taken &= u64::MAX << first;
        Some(self.base + first)
    }

    /// Goes on to the lowest bit that is taken.
    #[inline]
    fn next_taken(&mut self) -> Option<u32> {
        let first = (self.taken != 0).then(|| self.taken.trailing_zeros())?;
        self.free &= u64::MAX << first;
        Some(self.base + first)
    }
}
