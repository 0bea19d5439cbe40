//! Epochs and time: dense, unique, and never against the order in which calls ended.

use mmsb_testkit::linear::Action;

use super::{OTHER, PAGE, check, commit, in_transaction, record, seen, write};

#[test]
fn what_overlaps_may_have_happened_in_either_order() {
    let first = record(1, 10, 20, commit(3, vec![], vec![write(PAGE, 3)]));
    let second = record(2, 11, 19, commit(2, vec![], vec![write(PAGE, 2)]));
    check(vec![first, second, record(3, 12, 13, Action::Read(seen(PAGE, 0, 1)))], "holds");
}

#[test]
fn two_commits_of_one_epoch_are_told() {
    check(
        vec![record(1, 2, 3, commit(2, vec![], vec![])), record(2, 2, 3, commit(2, vec![], vec![]))],
        "one epoch, two commits: thread 1 at 2..3 committed e2: 0 read, 0 changes; thread 2 at 2..3 committed e2: 0 read, 0 changes",
    );
}

#[test]
fn an_epoch_that_no_commit_made_is_told() {
    check(
        vec![record(1, 2, 3, commit(3, vec![], vec![]))],
        "no commit made e2, but the next one is: thread 1 at 2..3 committed e3: 0 read, 0 changes",
    );
}

#[test]
fn an_order_against_time_is_told() {
    check(
        vec![
            record(1, 2, 3, commit(3, vec![], vec![write(PAGE, 3)])),
            record(2, 4, 5, commit(2, vec![], vec![write(PAGE, 2)])),
        ],
        "thread 1 at 2..3 committed e3: 0 read, 1 changes, before this began: thread 2 at 4..5 committed e2: 0 read, 1 changes",
    );
}

#[test]
fn a_transaction_that_read_what_was_overwritten_meanwhile_is_told() {
    // Write skew: each reads the page that the other writes.
    check(
        vec![
            record(1, 2, 9, commit(2, vec![in_transaction(OTHER, 0)], vec![write(PAGE, 2)])),
            record(2, 2, 9, commit(3, vec![in_transaction(PAGE, 0)], vec![write(OTHER, 3)])),
        ],
        "thread 2 at 2..9 committed e3: 1 read, 1 changes: page:1 from 0: [00], but as of e2 it is not: byte 0 and on [00], not [02]",
    );
}
