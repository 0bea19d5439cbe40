//! Reads and views: of bytes that stood there, not older than what was known, and not from the future.

use mmsb::Epoch;
use mmsb_testkit::linear::Action;

use super::{OTHER, PAGE, check, commit, look, record, seen, write};

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
