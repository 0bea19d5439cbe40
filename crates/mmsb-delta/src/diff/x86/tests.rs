//! Vector code against the plain one.

use mmsb_types::Span;
use proptest::{collection::vec, prelude::*};

use super::super::portable;

/// An old page, and one that differs in single bytes, in runs, or nearly everywhere.
fn pages() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let changes = prop_oneof![vec((any::<u16>(), 1..4usize), 0..60), vec((any::<u16>(), 1..3000usize), 0..6)];
    (vec(any::<u8>(), 0..9000), changes, 1..=255u8, 1..=40usize).prop_map(|(old, changes, flip, step)| {
        let mut new = old.clone();
        for (at, len) in changes {
            let at = usize::from(at) * old.len() / (1 << 16);
            let end = old.len().min(at + len);
            // Every `step`-th byte of the run stays, if that many are in it: gaps of one.
            let kept = |index: usize| step > 1 && index.is_multiple_of(step);
            (at..end).filter(|index| !kept(*index)).for_each(|index| new[index] ^= flip);
        }
        (old, new)
    })
}

proptest! {
    #[test]
    fn avx2_and_words_find_the_same_runs((old, new) in pages(), from in 0..70usize) {
        let from = from.min(old.len());
        let (mut wide, mut words): (Vec<Span>, Vec<Span>) = Default::default();
        if super::diff_runs(&old[from..], &new[from..], &mut wide) {
            portable::diff_runs(&old[from..], &new[from..], &mut words);
            prop_assert_eq!(wide, words);
        }
    }
}
