//! What people read: diffs, changes, commits, statistics, and every error.

mod diffs;
mod errors;
mod histories;

use mmsb::{Bus, Epoch, FixedClock};

/// A short life: two pages, a tag, labels, a name that changes, a deletion.
fn lived() -> Bus {
    let bus = Bus::builder().clock(FixedClock(5)).in_memory().unwrap();
    let mut tx = bus.begin().label(0).tag("setup");
    let (world, score) = (tx.create_page("world", 24).unwrap(), tx.create_page("score", 4).unwrap());
    tx.write(world, 0, b"hello").unwrap();
    tx.commit().unwrap();
    let mut tx = bus.begin().label(1).tag("ai");
    tx.write(world, 4, [0xff]).unwrap();
    tx.write(world, 16, [1, 2, 3]).unwrap();
    tx.name_page(score, "points").unwrap();
    tx.commit().unwrap();
    let mut tx = bus.begin();
    tx.name_page(world, None).unwrap();
    tx.delete_page(score).unwrap();
    tx.create_page(None, 2).unwrap();
    tx.commit().unwrap();
    bus
}

fn at(bus: &Bus, epoch: u64) -> mmsb::Past {
    bus.at(Epoch::new(epoch)).unwrap()
}
