//! Histories made by hand: what can have happened is accepted, what cannot is told.

use mmsb::{Epoch, PageId};
use mmsb_testkit::linear::{Action, Change, Judge, Record, Seen};

const PAGE: PageId = PageId::FIRST;
const OTHER: PageId = PageId::new(2);

/// An operation of a thread, between two times.
fn record(thread: u32, began: u64, ended: u64, action: Action) -> Record {
    Record { thread, began, ended, action }
}

fn commit(epoch: u64, reads: Vec<Seen>, changes: Vec<Change>) -> Action {
    Action::Commit { epoch: Epoch::new(epoch), reads, changes }
}

fn write(page: PageId, byte: u8) -> Change {
    Change::Written { page, offset: 0, bytes: vec![byte] }
}

fn seen(page: PageId, byte: u8, epoch: u64) -> Seen {
    Seen { page, epoch: Some(Epoch::new(epoch)), offset: 0, bytes: Some(vec![byte]) }
}

fn in_transaction(page: PageId, byte: u8) -> Seen {
    Seen { epoch: None, ..seen(page, byte, 0) }
}

fn gone(page: PageId) -> Seen {
    Seen { page, epoch: None, offset: 0, bytes: None }
}

fn look(epoch: u64, seen: Vec<Seen>) -> Action {
    Action::Look { epoch: Epoch::new(epoch), seen }
}

/// Judges a history that begins with two pages of one byte, made by e1 at 0..1.
#[track_caller]
fn check(records: Vec<Record>, expected: &str) {
    let created = |page| Change::Created { page, page_bytes: 1 };
    let mut all = vec![record(0, 0, 1, commit(1, vec![], vec![created(PAGE), created(OTHER)]))];
    all.extend(records);
    let verdict =
        Judge::new().window(&all, Epoch::ZERO).map_or_else(|error| error.to_string(), |()| "holds".into());
    assert_eq!(verdict, expected);
}

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

#[test]
fn bytes_that_never_stood_in_the_page_are_told() {
    check(
        vec![
            record(1, 2, 3, commit(2, vec![], vec![write(PAGE, 2)])),
            record(2, 2, 9, Action::Read(seen(PAGE, 1, 2))),
        ],
        "thread 2 at 2..9 read page:1 from 0: [01] of e2: page:1 from 0: [01] of e2, but as of e2 it is not: byte 0 and on [01], not [02]",
    );
    check(
        vec![
            record(1, 2, 3, commit(2, vec![], vec![write(OTHER, 2)])),
            record(2, 2, 9, Action::Read(seen(PAGE, 0, 2))),
        ],
        "thread 2 at 2..9 read page:1 from 0: [00] of e2: e2 did not change page:1",
    );
}

#[test]
fn a_page_older_than_what_was_known_of_it_is_told() {
    check(
        vec![
            record(1, 2, 9, commit(2, vec![], vec![write(PAGE, 2)])),
            record(2, 3, 4, Action::Read(seen(PAGE, 2, 2))),
            record(2, 5, 6, Action::Read(seen(PAGE, 0, 1))),
        ],
        "thread 2 at 5..6 read page:1 from 0: [00] of e1, though e2 was known to have changed it: thread 2 at 3..4 read page:1 from 0: [02] of e2",
    );
}

#[test]
fn what_comes_from_the_future_is_told() {
    check(
        vec![
            record(2, 2, 3, Action::Read(seen(PAGE, 2, 2))),
            record(1, 4, 5, commit(2, vec![], vec![write(PAGE, 2)])),
        ],
        "thread 2 at 2..3 read page:1 from 0: [02] of e2, before this began: thread 1 at 4..5 committed e2: 0 read, 1 changes",
    );
}

#[test]
fn a_view_that_misses_what_ended_before_it_is_told() {
    check(
        vec![
            record(1, 2, 3, commit(2, vec![], vec![write(PAGE, 2)])),
            record(2, 4, 5, Action::View { epoch: Epoch::new(1) }),
        ],
        "thread 2 at 4..5 took a view of e1, though e2 was known before: thread 1 at 2..3 committed e2: 0 read, 1 changes",
    );
}

#[test]
fn a_view_shows_all_pages_as_of_its_epoch() {
    let commits = [
        record(1, 2, 3, commit(2, vec![], vec![write(PAGE, 2), write(OTHER, 2)])),
        record(1, 4, 5, commit(3, vec![], vec![write(PAGE, 3), write(OTHER, 3)])),
    ];
    let old = record(2, 8, 9, look(2, vec![seen(PAGE, 2, 2), seen(OTHER, 2, 2)]));
    check([&commits[..], &[old]].concat(), "holds");
    let torn = record(2, 8, 9, look(2, vec![seen(PAGE, 2, 2), seen(OTHER, 3, 3)]));
    check(
        [&commits[..], &[torn]].concat(),
        "thread 2 at 8..9 looked at 2 pages as of e2: page:2 from 0: [03] of e3, but as of e2 it is not: byte 0 and on [03], not [02]",
    );
}

#[test]
fn a_deleted_page_may_be_gone_from_then_on_and_not_before() {
    let deleted = record(1, 4, 7, commit(2, vec![], vec![Change::Deleted(PAGE)]));
    check(vec![deleted.clone(), record(2, 5, 6, Action::Read(gone(PAGE)))], "holds");
    check(
        vec![deleted.clone(), record(2, 2, 3, Action::Read(gone(PAGE)))],
        "thread 2 at 2..3 read page:1, not there, though it was there all the time: thread 0 at 0..1 committed e1: 0 read, 2 changes",
    );
    check(
        vec![deleted, record(2, 8, 9, Action::Read(seen(PAGE, 0, 1)))],
        "thread 2 at 8..9 read page:1 from 0: [00] of e1, though e2 was known to have changed it: thread 1 at 4..7 committed e2: 0 read, 1 changes",
    );
}

#[test]
fn a_rewind_brings_the_old_bytes_back_by_a_commit_forward() {
    let history = |byte, epoch| {
        vec![
            record(1, 2, 3, commit(2, vec![], vec![write(PAGE, 2)])),
            record(1, 4, 5, commit(3, vec![], vec![write(PAGE, 3), write(OTHER, 3)])),
            record(1, 6, 7, Action::Rewind { epoch: Epoch::new(4), to: Epoch::new(2) }),
            record(2, 8, 9, Action::Read(seen(PAGE, byte, epoch))),
        ]
    };
    check(history(2, 4), "holds");
    check(
        history(3, 3),
        "thread 2 at 8..9 read page:1 from 0: [03] of e3, though e4 was known to have changed it: thread 1 at 6..7 rewound to e2 by e4",
    );
}

#[test]
fn what_was_before_the_window_still_counts() {
    let mut judge = Judge::new();
    let created = Change::Created { page: PAGE, page_bytes: 1 };
    let first = [
        record(0, 0, 1, commit(1, vec![], vec![created])),
        record(0, 2, 3, commit(2, vec![], vec![write(PAGE, 2)])),
    ];
    judge.window(&first, Epoch::new(2)).unwrap();
    judge.window(&[record(1, 4, 5, Action::Read(seen(PAGE, 2, 2)))], Epoch::new(2)).unwrap();
    let refused = judge.window(&[record(1, 6, 7, Action::View { epoch: Epoch::new(1) })], Epoch::new(2));
    insta::assert_snapshot!(refused.unwrap_err(), @"thread 1 at 6..7 took a view of e1, though e2 was known before: from before the window");
}
