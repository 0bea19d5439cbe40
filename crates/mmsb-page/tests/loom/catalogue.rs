//! Names as of an epoch, beside changes of the catalogue. The swapped value is the store's own; the versions
//! in it, and the published prefix, are replicas of the facade's.

use loom::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};
use mmsb_page::Swap;

use super::{Arc, Epoch, Fault, World, explore, is_planted};

/// The epochs of all versions of the catalogue, and how far commits are published.
struct Catalogue {
    versions: Swap<Vec<u64>>,
    changing: Mutex<()>,
    published: AtomicU64,
}

/// A commit that changes the catalogue: the new version is swapped in before the commit counts as published.
fn change(world: &World, catalogue: &Catalogue) {
    let _turn = catalogue.changing.lock().unwrap();
    let mut next = catalogue.versions.read(Vec::clone);
    let epoch = world.reserve().get();
    next.push(epoch);
    let old = catalogue.versions.replace(Box::new(next));
    drop(old);
    catalogue.published.store(epoch, Ordering::Release);
}

/// Pins the newest epoch and looks up the version as of it.
fn look_up(world: &World, catalogue: &Catalogue) -> (Epoch, Option<u64>) {
    let pin = world.pin();
    let at = pin.epoch().get();
    while !is_planted(Fault::LookupUnwaited) && catalogue.published.load(Ordering::Acquire) < at {
        thread::yield_now();
    }
    let is_then = |&&version: &&u64| version <= at;
    let version = catalogue.versions.read(|versions| versions.iter().rev().find(is_then).copied());
    (pin.epoch(), version)
}

#[test]
fn a_look_up_as_of_a_snapshot_finds_the_version_of_its_epoch() {
    explore("catalogue change vs look-up", &[Fault::LookupUnwaited], || {
        let world = World::new(0);
        let (versions, changing) = (Swap::new(vec![1]), Mutex::new(()));
        let catalogue = Arc::new(Catalogue { versions, changing, published: AtomicU64::new(1) });
        let theirs = Arc::clone(&catalogue);
        let changer = world.spawn(move |world| (0..2).for_each(|_| change(world, &theirs)));
        let reader = world.spawn(move |world| look_up(world, &catalogue));
        changer.join().unwrap();
        let (at, version) = reader.join().unwrap();
        assert_eq!(version, Some(at.get()), "every commit of the model makes a version");
    });
}
