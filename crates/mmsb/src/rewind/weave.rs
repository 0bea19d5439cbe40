//! The runs of one page, woven into runs that do not overlap: on each byte the oldest one wins.
//!
//! Most pages were hit in a few places that lie apart: their runs only need to rise. Where some overlap, a
//! bit for each byte tells which have their old value already.

use super::{coverage::Coverage, pages::Run};

/// Weaves the runs of one page at a time; reusable.
#[derive(Debug, Default)]
pub(super) struct Weave<'r> {
    woven: Vec<Run<'r>>,
    given: Vec<Run<'r>>,
    coverage: Coverage,
}

impl<'r> Weave<'r> {
    /// Returns the page's bytes before the oldest run; the runs come oldest first, the result rises.
    ///
    /// # Cost
    /// Some 10 ns a run; more for runs that overlap, by their bytes / 64.
    pub(super) fn of(&mut self, runs: impl Iterator<Item = Run<'r>>) -> &[Run<'r>] {
        self.woven.clear();
        self.woven.extend(runs);
        let by_offset = |run: &Run<'_>| run.offset;
        let apart = |pair: &[Run<'_>]| pair[0].end() <= pair[1].offset;
        if !self.woven.windows(2).all(apart) {
            self.given.clone_from(&self.woven);
            self.woven.sort_unstable_by_key(by_offset);
            if !self.woven.windows(2).all(apart) {
                self.cover();
                self.woven.sort_unstable_by_key(by_offset);
            }
        }
        &self.woven
    }

    /// Cuts the given runs to what no older one covers.
    fn cover(&mut self) {
        self.woven.clear();
        for run in &self.given {
            self.coverage.cover(run.offset, run.end() - run.offset, |start, end| {
                let old = &run.old[(start - run.offset) as usize..(end - run.offset) as usize];
                self.woven.push(Run { offset: start, old });
            });
        }
        for run in &self.given {
            self.coverage.clear(run.offset, run.end() - run.offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, Weave};

    /// Runs as `offset text`, oldest first, and what is woven of them.
    #[track_caller]
    fn check(runs: &[(u32, &str)], expect: &str) {
        let runs = runs.iter().map(|&(offset, text)| Run { offset, old: text.as_bytes() });
        let mut weave = Weave::default();
        for _ in 0..2 {
            let text = |run: &Run<'_>| format!("{} {}", run.offset, str::from_utf8(run.old).unwrap());
            let woven: Vec<_> = weave.of(runs.clone()).iter().map(text).collect();
            assert_eq!(woven.join(", "), expect);
        }
    }

    #[test]
    fn runs_apart_only_rise() {
        check(&[], "");
        check(&[(7, "abc")], "7 abc");
        check(&[(7, "abc"), (0, "xy")], "0 xy, 7 abc");
        check(&[(2, "abc"), (0, "xy")], "0 xy, 2 abc");
    }

    #[test]
    fn the_oldest_run_on_a_byte_wins() {
        check(&[(2, "abc"), (0, "uvwxyz")], "0 uv, 2 abc, 5 z");
        check(&[(0, "uvwxyz"), (2, "abc")], "0 uvwxyz");
        check(&[(4, "abc"), (4, "abc"), (3, "xyz"), (0, "----------")], "0 ---, 3 x, 4 abc, 7 ---");
    }
}
