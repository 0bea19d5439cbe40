//! What a branch refuses stays undone: conflicts, and commits it has no room for.

use mmsb::{Bus, Error};

use super::{counted, long_image};

#[test]
fn what_a_transaction_read_must_still_be_so() {
    let (bus, world) = counted(1);
    let branch = bus.branch(bus.epoch()).unwrap();
    let mut slow = branch.begin();
    let read: u64 = slow.get(world, 0).unwrap();
    slow.put(world, 8, &read).unwrap();
    branch.put(world, 0, &2u64).unwrap();
    assert!(matches!(slow.commit(), Err(Error::Conflict { page }) if page == world));
    let mut expecting = branch.begin();
    expecting.expect_epoch(world, branch.base()).unwrap();
    assert!(matches!(expecting.commit(), Err(Error::Conflict { .. })));
    assert_eq!(branch.get::<u64>(world, 8).unwrap(), 0, "nothing of them happened");
}

#[test]
fn a_full_branch_says_so_and_stays_as_it_is() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 16 << 20).unwrap();
    let branch = bus.branch(bus.epoch()).unwrap();
    for turn in 1..=3 {
        branch.capture(page, long_image(turn, 16 << 20)).unwrap();
    }
    let last = branch.epoch();
    let refused = branch.capture(page, long_image(4, 16 << 20));
    assert!(matches!(refused, Err(Error::Busy { .. })), "{refused:?}");
    assert_eq!((branch.epoch(), branch.frame_bytes() <= 64 << 20), (last, true));
    assert!(branch.with_page(page, |bytes| bytes == long_image(3, 16 << 20)).unwrap());
    assert!(branch.put(page, 0, &1u8).is_ok(), "what fits goes on");
}
