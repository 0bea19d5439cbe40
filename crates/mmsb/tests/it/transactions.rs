//! What a transaction sees, what it depends on, and what it leaves.

mod conflicts;
mod in_turn;
mod names;
mod nothing;
mod own_writes;
mod very_many;

use mmsb::{Bus, PageId};

/// A bus with the pages "a" of `aaaaaaaa` and "b" of `bbbbbbbb`, at e2.
fn two_pages() -> (Bus, PageId, PageId) {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin();
    let (a, b) = (tx.create_page("a", 8).unwrap(), tx.create_page("b", 8).unwrap());
    tx.commit().unwrap();
    let mut tx = bus.begin();
    tx.write(a, 0, b"aaaaaaaa").unwrap();
    tx.write(b, 0, b"bbbbbbbb").unwrap();
    tx.commit().unwrap();
    (bus, a, b)
}
