//! Sets of bytes of one page.
//!
//! Invariant: spans rise, hold something, and do not meet.

use mmsb_types::Span;

/// Takes a run's bytes out of `left`; returns those that were there.
pub(super) fn take(left: &mut Vec<Span>, run: Span) -> Vec<Span> {
    if !left.iter().any(|span| span.overlaps(run)) {
        return Vec::new();
    }
    let (mut taken, mut rest) = (Vec::new(), Vec::new());
    for span in left.drain(..) {
        let (start, end) = (u64::from(span.offset), span.end());
        let first = u64::from(run.offset).clamp(start, end);
        let behind = run.end().clamp(first, end);
        taken.extend(between(first, behind));
        rest.extend(between(start, first).into_iter().chain(between(behind, end)));
    }
    *left = rest;
    taken
}

/// Puts spans that do not overlap in order, and joins those that touch.
pub(super) fn join(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    spans.dedup_by(|next, last| {
        let touches = last.end() == u64::from(next.offset);
        last.len += if touches { next.len } else { 0 };
        touches
    });
    spans
}

/// Bytes of one page; `None` if there are none.
fn between(start: u64, end: u64) -> Option<Span> {
    (start < end).then(|| Span::new(start as u32, (end - start) as u32))
}

#[cfg(test)]
mod tests {
    use super::{Span, join, take};

    #[track_caller]
    fn check(left: &[(u32, u32)], run: (u32, u32), expect: &str) {
        let mut left: Vec<_> = left.iter().map(|&(offset, len)| Span::new(offset, len)).collect();
        let taken = take(&mut left, Span::new(run.0, run.1));
        assert_eq!(format!("{taken:?} of {left:?}"), expect);
    }

    #[test]
    fn a_run_takes_what_is_there_of_it() {
        check(&[(4, 8)], (0, 4), "[] of [4+8]");
        check(&[(4, 8)], (0, 6), "[4+2] of [6+6]");
        check(&[(4, 8)], (6, 2), "[6+2] of [4+2, 8+4]");
        check(&[(4, 8), (20, 4)], (8, 100), "[8+4, 20+4] of [4+4]");
        check(&[(0, u32::MAX)], (u32::MAX - 1, 1), "[4294967294+1] of [0+4294967294]");
    }

    #[test]
    fn spans_that_touch_become_one() {
        let spans = [(8, 4), (0, 4), (4, 2), (6, 1)].map(|(offset, len)| Span::new(offset, len));
        assert_eq!(format!("{:?}", join(spans.to_vec())), "[0+7, 8+4]");
    }
}
