//! Deletions, rewinds, and what was before the window.

use mmsb::Epoch;
use mmsb_testkit::linear::{Action, Change, Judge};

use super::{OTHER, PAGE, check, commit, gone, record, seen, write};

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
