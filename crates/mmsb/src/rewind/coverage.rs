//! Which bytes of a page have their old value already: a bit for each.

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

#[cfg(test)]
mod tests {
    use super::Coverage;

    /// Covers runs in turn, and compares with a map of bytes.
    #[track_caller]
    fn check(runs: &[(u32, u32)]) {
        let (mut coverage, mut map) = (Coverage::default(), [false; 1000]);
        for &(start, end) in runs {
            let mut given = Vec::new();
            coverage.cover(start, end, |start, end| given.push((start, end)));
            let mut expected: Vec<(u32, u32)> = Vec::new();
            for at in (start..end).filter(|&at| !std::mem::replace(&mut map[at as usize], true)) {
                match expected.last_mut() {
                    Some((_, end)) if *end == at => *end += 1,
                    _ => expected.push((at, at + 1)),
                }
            }
            assert_eq!(given, expected, "{start} to {end}, of {runs:?}");
        }
        runs.iter().for_each(|&(start, end)| coverage.clear(start, end));
        assert!(coverage.words.iter().all(|&word| word == 0), "cleared after {runs:?}");
    }

    #[test]
    fn a_run_gives_what_no_older_one_gave() {
        check(&[(3, 8), (0, 20)]);
        check(&[(60, 68), (0, 200), (190, 220)]);
        check(&[(0, 64), (64, 128), (0, 128), (127, 129)]);
        check(&[(63, 64), (64, 65), (62, 66)]);
        check(&[(5, 6), (9, 10), (13, 14), (127, 129), (0, 300)]);
    }

    #[test]
    fn any_runs_give_every_byte_once() {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % end) as u32
        };
        for _ in 0..300 {
            let mut run = || {
                let start = next(800);
                (start, start + 1 + next(199))
            };
            let runs: Vec<_> = (0..20).map(|_| run()).collect();
            check(&runs);
        }
    }
}
