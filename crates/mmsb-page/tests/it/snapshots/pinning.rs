//! A pin counts from its first moment, or not at all.

use std::sync::atomic::Ordering;

use insta::assert_snapshot;
use mmsb_page::{Need, SnapshotError};
use mmsb_types::Span;

use super::{Part, World};
use crate::{born, epoch, page};

#[test]
fn a_pin_in_the_making_counts_from_its_first_moment() {
    let world = World::new(4);
    born(&world.store, page(1), b"old", world.number());
    let committer = world.committer();
    let write = || world.commit(&committer, &[(page(1), Part::Fill(Span::new(0, 3), b'n'))]);
    write();
    born(&world.store, page(2), b"old", world.number());
    assert!(world.store.stash(&committer, Need::of(1, 3)));
    // The commit comes after the number was taken, and before the pin is known.
    let pin = world.store.pin(|| {
        let at = epoch(world.last.fetch_add(0, Ordering::AcqRel));
        world.commit(&committer, &[(page(2), Part::Delete)]);
        at
    });
    assert_eq!(world.read(page(2), &pin).unwrap(), (epoch(3), b"old".to_vec()));
}

#[test]
fn a_panic_while_a_pin_is_made_leaves_none() {
    let world = World::new(4);
    born(&world.store, page(1), b"old", world.number());
    let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(world.store.pin(|| panic!("no number")));
    }));
    assert!(broken.is_err());
    world.commit(&world.committer(), &[(page(1), Part::Fill(Span::new(0, 3), 1))]);
    let stats = world.store.preimage_stats();
    assert_eq!((stats.saved, stats.pins), (0, 0), "nothing is saved for nobody");
}

#[test]
fn refusals_say_what_and_why() {
    let (world, other) = (World::new(4), World::new(4));
    born(&world.store, page(1), b"12345", world.number());
    let pin = world.pin();
    let refused = |id, offset| world.store.read_at(page(id), &pin, offset, &mut [0; 3]).unwrap_err();
    let aged = SnapshotError::Aged { page: page(1), at: pin.epoch() };
    let lines = [refused(2, 0), refused(1, 3), refused(1, u32::MAX), aged].map(|error| error.to_string());
    assert_snapshot!(lines.join("\n"), @r"
    reading page:2 as of e1: no such page
    reading page:1 as of e1: 3 bytes from 3 pass its end at 5
    reading page:1 as of e1: 3 bytes from 4294967295 pass its end at 5
    reading page:1 as of e1: the snapshot has aged, its old bytes are not in memory any more
    ");
    let stranger = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| other.read(page(1), &pin)));
    assert!(stranger.is_err(), "a pin of another store");
}
