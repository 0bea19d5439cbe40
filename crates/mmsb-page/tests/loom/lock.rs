//! The page lock: readers beside a writer, writers after each other.

use super::{Epoch, Fault, PAGE, World, assert_whole, explore};

#[test]
fn a_reader_sees_all_of_a_commit_or_nothing() {
    let faults = [Fault::ReaderRecheck, Fault::ReaderFence, Fault::WriterFence, Fault::PublishOrder];
    explore("page lock vs reader", &faults, || {
        let world = World::new(1);
        let writer = world.spawn(|world| world.commit(PAGE));
        let reader = world.spawn(|world| world.read(PAGE));
        writer.join().unwrap();
        assert_whole(&reader.join().unwrap());
    });
}

#[test]
fn whoever_holds_a_page_sees_what_its_last_holder_wrote() {
    // Holders read plainly: loom also rejects such a read beside a store.
    explore("page lock vs page lock", &[Fault::LockOrder, Fault::PublishOrder], || {
        let world = World::new(1);
        let add = |world: &World| {
            let committer = world.store.committers().acquire(std::time::Duration::ZERO).unwrap();
            let mut buffer = super::GroupBuf::default();
            let mut group = super::Group::new(&world.store, &committer, &mut buffer);
            group.lock_wait(PAGE, 16);
            let count = super::words(group.bytes(0))[1];
            let mut writer = group.into_writer();
            writer.write(0, 8, &(count + 1).to_le_bytes());
            writer.publish(1, world.reserve());
        };
        let adders = [world.spawn(add), world.spawn(add)];
        adders.into_iter().for_each(|adder| adder.join().unwrap());
        assert_eq!(world.read(PAGE), (vec![0, 2], Epoch::new(3)));
    });
}
