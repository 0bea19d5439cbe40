//! Which bytes of a page have their old value already: a bit for each.
//!
//! Of several runs over a byte the oldest one holds what the byte was at the target. Runs are therefore taken
//! oldest first, and each gives only those of its bytes that no older one gave.

/// Bits of one page at a time. Between pages all are zero.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    words: Vec<u64>,
}

impl Coverage {
    /// Covers `offset..offset + len` and calls `visit` with each stretch, first byte and end, that was not.
    ///
    /// # Cost
    /// A few nanoseconds for each 64 bytes and stretch.
    pub(super) fn cover(&mut self, offset: u32, len: u32, mut visit: impl FnMut(u32, u32)) {
        let end = offset + len;
        if self.words.len() * 64 < end as usize {
            self.words.resize((end as usize).div_ceil(64), 0);
        }
        let mut open: Option<u32> = None;
        let mut at = offset;
        while at < end {
            let (index, low) = (at as usize / 64, at % 64);
            let high = (end - (at - low)).min(64);
            let mask = (u64::MAX >> (64 - (high - low))) << low;
            let free = mask & !self.words[index];
            self.words[index] |= mask;
            open = stretches(at - low, mask, free, open, &mut visit);
            at = at - low + high;
        }
        if let Some(start) = open {
            visit(start, end);
        }
    }

    /// Uncovers what a run covered.
    pub(super) fn clear(&mut self, offset: u32, len: u32) {
        let (first, behind) = (offset as usize / 64, (offset as usize + len as usize).div_ceil(64));
        self.words[first..behind].fill(0);
    }
}

/// Visits the stretches of `free` bits that end in a word, of those that `mask` asks for; `open` is where one
/// begins that reaches into the word. Returns where one begins that reaches its end.
fn stretches(
    base: u32,
    mask: u64,
    mut free: u64,
    mut open: Option<u32>,
    visit: &mut impl FnMut(u32, u32),
) -> Option<u32> {
    let mut rest = mask;
    while rest != 0 {
        match open {
            None if free == 0 => return None,
            None => {
                let first = free.trailing_zeros();
                open = Some(base + first);
                rest &= u64::MAX << first;
            }
            Some(start) => {
                let taken = rest & !free;
                if taken == 0 {
                    return open;
                }
                let first = taken.trailing_zeros();
                visit(start, base + first);
                open = None;
                rest &= u64::MAX << first;
                free &= u64::MAX << first;
            }
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::Coverage;

    /// Covers runs in turn and compares with a byte map.
    #[track_caller]
    fn check(runs: &[(u32, u32)]) {
        let (mut coverage, mut map) = (Coverage::default(), vec![false; 1000]);
        for &(offset, len) in runs {
            let mut given = Vec::new();
            coverage.cover(offset, len, |start, end| given.push((start, end)));
            let mut expected: Vec<(u32, u32)> = Vec::new();
            for at in offset..offset + len {
                if std::mem::replace(&mut map[at as usize], true) {
                    continue;
                }
                match expected.last_mut() {
                    Some((_, end)) if *end == at => *end += 1,
                    _ => expected.push((at, at + 1)),
                }
            }
            assert_eq!(given, expected, "run at {offset} of {len}, of {runs:?}");
        }
        runs.iter().for_each(|&(offset, len)| coverage.clear(offset, len));
        assert!(coverage.words.iter().all(|&word| word == 0), "cleared after {runs:?}");
    }

    #[test]
    fn a_run_gives_what_no_older_one_gave() {
        check(&[(3, 5), (0, 20)]);
        check(&[(60, 8), (0, 200), (190, 30)]);
        check(&[(0, 64), (64, 64), (0, 128), (127, 2)]);
        check(&[(63, 1), (64, 1), (62, 4)]);
        check(&[(5, 1), (9, 1), (13, 1), (127, 2), (0, 300)]);
    }

    #[test]
    fn any_runs_give_every_byte_once() {
        let mut rng = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |end: u64| {
            rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((rng >> 33) % end) as u32
        };
        for _ in 0..300 {
            let runs: Vec<_> = (0..next(20)).map(|_| (next(800), 1 + next(200))).collect();
            check(&runs);
        }
    }
}
