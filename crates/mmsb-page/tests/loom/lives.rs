//! Pages that end while others look at them, and slots that go to other pages.

use super::{Epoch, Fault, GroupBuf, OTHER, PAGE, World, explore, words};

/// Ends the page's life; its slot is free then.
fn delete(world: &World) {
    let committer = world.store.committers().acquire(std::time::Duration::ZERO).unwrap();
    let mut buffer = GroupBuf::default();
    let mut group = super::Group::new(&world.store, &committer, &mut buffer);
    group.lock_wait(PAGE, 0);
    let mut writer = group.into_writer();
    writer.retire(PAGE, world.reserve());
}

#[test]
fn a_reader_of_a_deleted_page_never_sees_the_slots_next_page() {
    let faults = [Fault::ReaderRecheck, Fault::ReaderFence, Fault::ReuseFence];
    explore("delete vs reader", &faults, || {
        let world = World::with_chunks(1, 8, 16, 160);
        let reader = world.spawn(|world| {
            let mut bytes = Vec::new();
            world.store.read_page(PAGE, &mut bytes).ok().map(|epoch| (words(&bytes), epoch))
        });
        // Two threads: what one released by a fence, the other's stores do not carry along.
        world.spawn(delete).join().unwrap();
        let creator = world.spawn(|world| {
            let mut next = world.store.prepare(OTHER, 8).unwrap();
            next.write(0, &[7; 8]);
        });
        creator.join().unwrap();
        if let Some(seen) = reader.join().unwrap() {
            assert_eq!(seen, (vec![0], Epoch::new(1)), "another page's bytes");
        }
    });
}
