//! A log that is replayed against its state marks and checkpoints.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use insta::assert_snapshot;
use mmsb::{
    Epoch, Mismatch, Retention, verify_replay_of,
    vfs::{Access, MemoryVfs, Vfs},
};

use super::{PATH, builder, check, create, dir, told, verified};
use crate::together::at_once;

#[test]
fn hashes_are_right_while_many_write_create_and_delete() {
    let vfs = Arc::new(MemoryVfs::new());
    let bus = create(&vfs, 10);
    let shared = bus.create_page("shared", 4096).unwrap();
    at_once(4, |thread| {
        for turn in 0..150 {
            let page = bus.create_page(None, 64 + (turn % 9) * 32).unwrap();
            bus.put(shared, (thread * 1024 + turn as u64 % 100 * 8) as u32, &turn).unwrap();
            bus.put(page, 8, &[thread, turn as u64]).unwrap();
            if turn % 3 != 0 {
                bus.delete_page(page).unwrap();
            }
        }
    });
    bus.stop().unwrap();
    check(&vfs, 20);
}

#[test]
fn a_bus_makes_no_marks_unless_told_to() {
    let vfs = Arc::new(MemoryVfs::new());
    let bus = create(&vfs, 0);
    let page = bus.create_page(None, 8).unwrap();
    bus.put(page, 0, &1u64).unwrap();
    bus.stop().unwrap();
    assert_eq!(told(&vfs), BTreeMap::new());
    assert_eq!(verified(&vfs).equal, Epoch::ZERO);
}

#[test]
fn what_a_writer_gives_up_meanwhile_is_not_missed() {
    let vfs = Arc::new(MemoryVfs::new());
    let bus = builder(4).segment_bytes(4 << 10).create_on(vfs.clone(), Path::new(PATH)).unwrap();
    let page = bus.create_page(None, 8).unwrap();
    let dir = dir(&vfs);
    (0..300u64).for_each(|turn| assert!(bus.put(page, 0, &turn).unwrap().epoch > Epoch::ZERO));
    bus.checkpoint().unwrap();
    assert!(bus.compact_to(Retention::Epochs(1)).unwrap().segment_count > 0);
    bus.put(page, 0, &0u64).unwrap();
    let found = verify_replay_of(dir, |_| {}).unwrap();
    assert_eq!((found.difference, found.last, found.first > Epoch::ZERO), (None, bus.epoch(), true));
}

/// A run of nine commits, the sixth of which writes `odd` more.
fn run(checkpoint_at: u64, odd: u64) -> Arc<MemoryVfs> {
    let vfs = Arc::new(MemoryVfs::new());
    let bus = create(&vfs, 0);
    let pages = [(); 3].map(|()| bus.create_page(None, 64).unwrap());
    for turn in 4..=9u64 {
        if turn == checkpoint_at {
            bus.checkpoint().unwrap();
        }
        bus.put(pages[turn as usize % 3], 8, &(if turn == 6 { turn + odd } else { turn })).unwrap();
    }
    bus.stop().unwrap();
    vfs
}

/// Runs that differ in one byte of one commit; the log of `other` in place of the first one's.
fn crossed(checkpoint_at: u64) -> Arc<MemoryVfs> {
    let [vfs, other] = [0u64, 1].map(|odd| run(checkpoint_at, odd));
    let [from, to] =
        [other, vfs.clone()].map(|vfs| vfs.open(Path::new("bus/seg-1"), Access::ReadWrite).unwrap());
    let mut bytes = vec![0; from.len().unwrap() as usize];
    from.read_at(0, &mut bytes).unwrap();
    to.write_at(0, &bytes).unwrap();
    vfs
}

#[test]
fn a_log_that_makes_another_state_than_a_checkpoint_is_found_with_the_page() {
    let found = verified(&crossed(8));
    assert_eq!((found.equal, found.checkpoint_count), (Epoch::ZERO, 1));
    let difference = found.difference.unwrap();
    assert!(matches!(difference.by, Mismatch::Checkpoint { .. }));
    assert_snapshot!(difference, @"e7: its checkpoint differs: page:1 has another byte at 8");
    // Before the byte, all is equal.
    assert_eq!(verified(&crossed(6)).difference, None);
}
