//! Two changes as one.

use mmsb_types::Span;

use crate::Delta;

/// Returns the change that `first` and then `second` make together: where both write, `second` wins.
///
/// Associative, with the empty delta as identity on both sides; equal changes are equal values.
///
/// # Cost
/// O(runs + bytes) of both; allocates the result only.
#[must_use]
pub fn compose(first: &Delta, second: &Delta) -> Delta {
    let mut both = Delta::with_capacity(
        first.run_count() + second.run_count(),
        first.bytes_changed() + second.bytes_changed(),
    );
    let mut under = Cursor { runs: first.runs().peekable(), from: 0 };
    for (span, bytes) in second.runs() {
        under.copy_until(u64::from(span.offset), &mut both);
        both.overwrite(span.offset, bytes);
        under.from = span.end();
    }
    under.copy_until(u64::MAX, &mut both);
    both
}

/// The runs of the earlier delta, of which nothing before `from` is wanted any more.
struct Cursor<'a, I: Iterator<Item = (Span, &'a [u8])>> {
    runs: std::iter::Peekable<I>,
    from: u64,
}

impl<'a, I: Iterator<Item = (Span, &'a [u8])>> Cursor<'a, I> {
    /// Copies what lies between `from` and `until`; a run that goes on behind `until` stays current.
    fn copy_until(&mut self, until: u64, into: &mut Delta) {
        while let Some(&(span, bytes)) = self.runs.peek() {
            let start = u64::from(span.offset).max(self.from);
            let end = span.end().min(until);
            if start < end {
                let base = u64::from(span.offset);
                into.overwrite(start as u32, &bytes[(start - base) as usize..(end - base) as usize]);
            }
            if span.end() > until {
                return;
            }
            self.runs.next();
        }
    }
}
