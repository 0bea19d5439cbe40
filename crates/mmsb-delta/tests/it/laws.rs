//! The algebra's laws, on pages of 1 to 20,000 bytes.

use mmsb_delta::{Delta, apply, compose, diff, invert};
use proptest::prelude::*;

use crate::make::{Write, delta, page, page_len, writes, written};

fn applied(delta: &Delta, page: &[u8]) -> Vec<u8> {
    let mut page = page.to_vec();
    apply(delta, &mut page).expect("the delta fits its page");
    page
}

fn page_and_writes<const N: usize>() -> impl Strategy<Value = (Vec<u8>, [Vec<Write>; N])> {
    let sets = proptest::array::uniform::<_, N>(writes());
    (page_len().prop_flat_map(page), sets)
}

proptest! {
    #[test]
    fn a_delta_does_what_its_writes_do((page, [writes]) in page_and_writes()) {
        let delta = delta(page.len(), &writes);
        prop_assert_eq!(applied(&delta, &page), written(&page, &writes));
    }

    #[test]
    fn runs_are_maximal_and_count_their_bytes((page, [writes]) in page_and_writes()) {
        let delta = delta(page.len(), &writes);
        let spans: Vec<_> = delta.spans().collect();
        prop_assert!(spans.iter().all(|span| span.len > 0));
        prop_assert!(spans.windows(2).all(|two| two[0].end() < u64::from(two[1].offset)));
        let bytes: usize = spans.iter().map(|span| span.len as usize).sum();
        prop_assert_eq!(delta.bytes_changed(), bytes);
    }

    #[test]
    fn the_empty_delta_is_the_identity((page, [writes]) in page_and_writes()) {
        let delta = delta(page.len(), &writes);
        let identity = Delta::default();
        prop_assert_eq!(compose(&identity, &delta), delta.clone());
        prop_assert_eq!(compose(&delta, &identity), delta);
        prop_assert_eq!(applied(&identity, &page), page);
    }

    #[test]
    fn composition_is_associative((page, [a, b, c]) in page_and_writes()) {
        let [a, b, c] = [a, b, c].map(|writes| delta(page.len(), &writes));
        prop_assert_eq!(compose(&compose(&a, &b), &c), compose(&a, &compose(&b, &c)));
    }

    #[test]
    fn applying_a_composition_is_applying_one_after_the_other((page, [a, b]) in page_and_writes()) {
        let [a, b] = [a, b].map(|writes| delta(page.len(), &writes));
        prop_assert_eq!(applied(&compose(&a, &b), &page), applied(&b, &applied(&a, &page)));
    }

    #[test]
    fn a_composition_is_the_delta_of_all_writes((page, [a, b]) in page_and_writes()) {
        let all: Vec<_> = a.iter().chain(&b).cloned().collect();
        let both = compose(&delta(page.len(), &a), &delta(page.len(), &b));
        prop_assert_eq!(both, delta(page.len(), &all));
    }

    #[test]
    fn an_inverse_undoes_byte_for_byte((page, [writes]) in page_and_writes()) {
        let delta = delta(page.len(), &writes);
        let new = applied(&delta, &page);
        let inverse = invert(&delta, &page).expect("the delta fits its page");
        prop_assert_eq!(applied(&inverse, &new), page);
        prop_assert_eq!(invert(&inverse, &new).expect("the inverse fits too"), delta);
    }

    #[test]
    fn a_diff_applied_to_the_old_page_gives_the_new_one((old, [writes]) in page_and_writes()) {
        let new = written(&old, &writes);
        prop_assert_eq!(applied(&diff(&old, &new), &old), new);
    }

    #[test]
    fn equal_pages_differ_by_nothing((page, []) in page_and_writes()) {
        prop_assert!(diff(&page, &page.clone()).is_empty());
    }

    #[test]
    fn reading_over_a_window_shows_the_writes((page, [writes]) in page_and_writes(), at in any::<u16>(), len in 0..5000usize) {
        let at = usize::from(at) * page.len() / (1 << 16);
        let end = page.len().min(at + len);
        let mut window = page[at..end].to_vec();
        delta(page.len(), &writes).read_over(at as u32, &mut window);
        prop_assert_eq!(&window, &written(&page, &writes)[at..end]);
    }

    #[test]
    fn a_cleared_delta_is_as_good_as_new((page, [before, after]) in page_and_writes()) {
        let mut reused = delta(page.len(), &before);
        reused.clear();
        prop_assert_eq!((reused.bytes_changed(), reused.run_count()), (0, 0));
        for write in &after {
            let (at, bytes) = write.run(page.len());
            reused.overwrite(at, &bytes);
        }
        prop_assert_eq!(reused, delta(page.len(), &after));
    }
}
