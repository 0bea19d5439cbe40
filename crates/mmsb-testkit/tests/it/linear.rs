//! Histories made by hand: what can have happened is accepted, what cannot is told.

mod lives;
mod order;
mod reads;

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
