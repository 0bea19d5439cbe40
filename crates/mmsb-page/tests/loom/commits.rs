//! Commits of several pages: no deadlock, no write skew. The order of locking is the facade's, replicated.

use std::time::Duration;

use loom::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::{Arc, Epoch, Fault, Group, GroupBuf, Hold, OTHER, PAGE, World, explore, is_planted};

/// The bulk ticket. Not loom's mutex: there, one that only tries waits as well.
#[derive(Default)]
struct Ticket(AtomicBool);

impl Ticket {
    fn try_take(&self) -> bool {
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn take(&self) {
        while !self.try_take() {
            thread::yield_now();
        }
    }

    fn give_back(&self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A small commit: tries, lets go of all if somebody holds one; then waits with the ticket.
fn commit_small(world: &World, ticket: &Ticket, pages: [super::PageId; 2]) {
    let committer = world.store.committers().acquire(Duration::ZERO).unwrap();
    let mut buffer = GroupBuf::default();
    let mut group = Group::new(&world.store, &committer, &mut buffer);
    let wait = is_planted(Fault::WaitHolding);
    let mut hold = |&page| if wait { group.lock_wait(page, 16) } else { group.try_lock(page, 16) };
    if !pages.iter().all(|page| hold(page) == Hold::Locked) {
        group.truncate(0);
        ticket.take();
        for page in pages {
            group.lock_wait(page, 16);
        }
        ticket.give_back();
    }
    world.finish(group, &pages);
}

/// A large commit: goes on holding if it gets the ticket, else lets go, and waits with the ticket.
fn commit_large(world: &World, ticket: &Ticket, pages: [super::PageId; 2]) {
    let committer = world.store.committers().acquire(Duration::ZERO).unwrap();
    let mut buffer = GroupBuf::default();
    let mut group = Group::new(&world.store, &committer, &mut buffer);
    let is_held = |page: &&super::PageId| group.try_lock(**page, 16) == Hold::Locked;
    let mut count = pages.iter().take_while(is_held).count();
    if count < pages.len() {
        if !ticket.try_take() {
            group.truncate(0);
            count = 0;
            ticket.take();
        }
        for &page in &pages[count..] {
            group.lock_wait(page, 16);
        }
        ticket.give_back();
    }
    world.finish(group, &pages);
}

#[test]
fn bulk_and_small_commits_that_meet_on_two_pages_all_end() {
    explore("bulk vs small", &[Fault::WaitHolding], || {
        let (world, ticket) = (World::new(2), Arc::new(Ticket::default()));
        let theirs = Arc::clone(&ticket);
        let small = world.spawn(move |world| commit_small(world, &theirs, [PAGE, OTHER]));
        let large = world.spawn(move |world| commit_large(world, &ticket, [OTHER, PAGE]));
        small.join().unwrap();
        large.join().unwrap();
        // Both pages are the last commit's: the order of numbers is the order of locks.
        let last = (vec![3, 3], Epoch::new(3));
        assert_eq!((world.read(PAGE), world.read(OTHER)), (last.clone(), last));
    });
}

#[test]
fn bulk_commits_that_meet_on_two_pages_all_end() {
    explore("bulk vs bulk", &[], || {
        let (world, ticket) = (World::new(2), Arc::new(Ticket::default()));
        let theirs = Arc::clone(&ticket);
        let one = world.spawn(move |world| commit_large(world, &theirs, [PAGE, OTHER]));
        let other = world.spawn(move |world| commit_large(world, &ticket, [OTHER, PAGE]));
        one.join().unwrap();
        other.join().unwrap();
        let last = (vec![3, 3], Epoch::new(3));
        assert_eq!((world.read(PAGE), world.read(OTHER)), (last.clone(), last));
    });
}

/// Writes one more than what `source` holds into `target`, if `source` is still as it was read.
fn transfer(world: &World, source: super::PageId, target: super::PageId) -> bool {
    let (seen, epoch) = world.read(source);
    let committer = world.store.committers().acquire(Duration::ZERO).unwrap();
    let mut buffer = GroupBuf::default();
    let mut group = Group::new(&world.store, &committer, &mut buffer);
    let unlocked = is_planted(Fault::CheckedUnlocked);
    let pages = if unlocked { vec![target] } else { vec![target, source] };
    if pages.iter().any(|&page| group.try_lock(page, 16) != Hold::Locked) {
        return false;
    }
    let now = if unlocked { world.store.epoch(source).unwrap() } else { group.epoch(1) };
    if now != epoch {
        return false;
    }
    let mut writer = group.into_writer();
    let number = world.reserve();
    writer.write(0, 0, &(seen[0] + 1).to_le_bytes());
    writer.publish(1, number);
    if !unlocked {
        writer.publish_unchanged();
    }
    true
}

#[test]
fn two_commits_that_read_what_the_other_writes_are_in_some_order() {
    explore("precondition pages", &[Fault::CheckedUnlocked], || {
        let world = World::new(2);
        let one = world.spawn(|world| transfer(world, PAGE, OTHER));
        let other = world.spawn(|world| transfer(world, OTHER, PAGE));
        let committed = [one.join().unwrap(), other.join().unwrap()];
        let found = (world.read(PAGE).0[0], world.read(OTHER).0[0]);
        // One after the other leaves 1 and 2; both from zeros is write skew.
        let expected: &[(u64, u64)] = match committed {
            [true, true] => &[(1, 2), (2, 1)],
            [true, false] => &[(0, 1)],
            [false, true] => &[(1, 0)],
            [false, false] => &[(0, 0)],
        };
        assert!(expected.contains(&found), "{committed:?} left {found:?}");
    });
}
