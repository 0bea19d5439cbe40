//! Snapshots: their creation beside commits, and reads of what commits have replaced.

use super::{Epoch, Fault, OTHER, PAGE, PageId, World, assert_whole, explore};

#[test]
fn a_snapshot_made_beside_a_commit_has_all_of_it_or_nothing() {
    let faults = [Fault::LostPending, Fault::TakenByLoad];
    explore("snapshot creation vs commit", &faults, || {
        let world = World::new(1);
        let writer = world.spawn(|world| world.commit(PAGE));
        let reader = world.spawn(|world| {
            let pin = world.pin();
            (pin.epoch(), world.read_at(PAGE, &pin))
        });
        writer.join().unwrap();
        let (at, seen) = reader.join().unwrap();
        assert_whole(&seen);
        assert_eq!(seen.1, at, "the page as of the snapshot is its newest commit's");
    });
}

#[test]
fn snapshots_made_and_dropped_side_by_side_keep_each_others_pages() {
    explore("two snapshot creators", &[Fault::UnpinForgets, Fault::LostPending], || {
        let world = World::new(1);
        let reader = world.spawn(|world| {
            let pin = world.pin();
            (pin.epoch(), world.read_at(PAGE, &pin))
        });
        // It reads nothing: of two that wait for a page's holder, loom lets each wait for the other.
        let other = world.spawn(|world| drop(world.pin()));
        let writer = world.spawn(|world| world.commit(PAGE));
        let (at, seen) = reader.join().unwrap();
        assert_whole(&seen);
        assert_eq!(seen.1, at);
        writer.join().unwrap();
        other.join().unwrap();
    });
}

#[test]
fn a_snapshot_that_passes_pages_keeps_those_ahead() {
    explore("snapshot passes pages vs commit", &[Fault::StreamLeaves], || {
        let world = World::new(1);
        let mut pin = world.pin();
        let writer = world.spawn(|world| world.commit(PAGE));
        let reader = world.spawn(move |world| {
            assert!(pin.pass(PAGE));
            let seen = world.read_at(PAGE, &pin);
            assert!(pin.pass(OTHER));
            seen
        });
        writer.join().unwrap();
        assert_eq!(reader.join().unwrap(), (vec![0, 0], Epoch::new(1)));
    });
}

#[test]
fn a_snapshot_reads_the_same_while_its_page_changes_again_and_again() {
    explore("snapshot reader vs pre-images", &[Fault::PlaceRecheck, Fault::ChainOrder], || {
        let world = World::new(1);
        let pin = world.pin();
        let writer = world.spawn(|world| (world.commit(PAGE), world.commit(PAGE)));
        let reader = world.spawn(move |world| [world.read_at(PAGE, &pin), world.read_at(PAGE, &pin)]);
        writer.join().unwrap();
        let first = (vec![0, 0], Epoch::new(1));
        assert_eq!(reader.join().unwrap(), [first.clone(), first]);
    });
}

#[test]
fn a_chunk_is_written_again_only_when_no_reader_can_take_it_for_the_old_one() {
    explore("snapshot drop vs pre-image free", &[Fault::ReclaimRecheck], || {
        // Three chunks, each of two records of one word.
        let world = World::with_chunks(1, 8, 3, 600);
        for page in 2..5 {
            let mut page = world.store.prepare(PageId::new(page), 8).unwrap();
            page.write(0, &[9; 8]);
            page.publish(Epoch::new(1));
        }
        let old = world.pin();
        // The first chunk: what `old` needs.
        world.commit(PAGE);
        world.commit(OTHER);
        let dropped = world.pin();
        // The second: what only `dropped` does. On its way to the first, a reader passes through here.
        world.commit(PAGE);
        world.commit(OTHER);
        let kept = world.pin();
        // The third.
        world.commit(PageId::new(3));
        world.commit(PageId::new(4));
        let reader = world.spawn(move |world| world.read_at(PAGE, &old));
        let writer = world.spawn(move |world| {
            drop(dropped);
            // Takes the second chunk for another page's pre-image.
            world.commit(OTHER);
            drop(kept);
        });
        assert_eq!(reader.join().unwrap(), (vec![0], Epoch::new(1)));
        writer.join().unwrap();
        assert_eq!(world.store.preimage_stats().reclaims, 1, "the model reclaims");
    });
}
