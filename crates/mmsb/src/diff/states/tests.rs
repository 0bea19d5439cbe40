//! Which pages of two states are compared with which.

use std::sync::Arc;

use mmsb_types::{Epoch, PageId, PageLocation};

use super::{PageInfo, Pair, pair_up};

fn pages(list: &[(u64, &str)]) -> Vec<PageInfo> {
    let info = |&(page, name): &(u64, &str)| PageInfo {
        page: PageId::new(page),
        page_bytes: 8,
        name: (!name.is_empty()).then(|| Arc::from(name)),
        epoch: Epoch::new(1),
        location: PageLocation::Host,
    };
    list.iter().map(info).collect()
}

#[track_caller]
fn check(left: &[(u64, &str)], right: &[(u64, &str)], next_id: u64, expect: &str) {
    let pairs = pair_up(pages(left), pages(right), PageId::new(next_id));
    let mut told: Vec<_> = pairs
        .iter()
        .map(|pair| match pair {
            Pair::Left(left) => format!("{}-", left.page.get()),
            Pair::Right(right) => format!("-{}", right.page.get()),
            Pair::Both(left, right) => format!("{}-{}", left.page.get(), right.page.get()),
        })
        .collect();
    told.sort();
    assert_eq!(told.join(" "), expect);
}

#[test]
fn pages_pair_by_id() {
    check(&[(1, "a"), (2, "b")], &[(2, "a"), (3, "")], u64::MAX, "-3 1- 2-2");
}

#[test]
fn pages_born_after_the_parting_pair_by_name() {
    check(&[(1, ""), (5, "x"), (6, "y")], &[(1, ""), (5, "y"), (6, "z")], 5, "-6 1-1 5- 6-5");
}

#[test]
fn unnamed_pages_born_after_the_parting_pair_with_none() {
    check(&[(4, ""), (5, "")], &[(4, ""), (5, "")], 5, "-5 4-4 5-");
}

#[test]
fn a_name_from_before_the_parting_pairs_with_none_born_after_it() {
    check(&[(1, "x")], &[(5, "x")], 5, "-5 1-");
}
