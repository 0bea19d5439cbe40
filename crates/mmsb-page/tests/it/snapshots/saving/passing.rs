//! A snapshot that has passed a page needs it no more.

use mmsb_page::SnapshotError;
use mmsb_types::Span;

use super::super::{Part, World};
use crate::{assert_sound, born, page};

#[test]
fn a_page_that_its_only_snapshot_has_passed_is_not_saved() {
    let world = World::new(4);
    let committer = world.committer();
    (1..=4).for_each(|id| born(&world.store, page(id), &[1], world.number()));
    let mut pin = world.pin();
    assert!(pin.pass(page(3)));
    let saved = |id| {
        world.commit(&committer, &[(page(id), Part::Fill(Span::new(0, 1), 7))]);
        world.store.preimage_stats().saved
    };
    // Behind, ahead, ahead again; one that is passed later; and one that another snapshot of that time needs.
    let mut counts = vec![saved(2), saved(3), saved(3)];
    assert_eq!(world.read(page(3), &pin).unwrap().1, [1]);
    assert!(matches!(world.read(page(2), &pin), Err(SnapshotError::Aged { .. })));
    assert_eq!(world.read(page(1), &pin).unwrap().1, [1], "what did not change can be read");
    assert!(pin.pass(page(5)));
    counts.push(saved(4));
    let mut other = world.pin();
    assert!(!other.pass(page(2)), "one at a time");
    counts.push(saved(1));
    drop(pin);
    assert!(other.pass(page(2)), "the next one");
    counts.push(saved(1));
    counts.push(saved(2));
    assert_eq!(counts, [0, 1, 1, 1, 2, 2, 3]);
    assert_sound(&world.store);
}

#[test]
fn a_snapshot_of_the_same_epoch_as_one_that_passes_pages_keeps_them_all() {
    let world = World::new(4);
    let committer = world.committer();
    (1..=2).for_each(|id| born(&world.store, page(id), &[1], world.number()));
    let mut passing = world.pin();
    assert!(passing.pass(page(3)));
    let keeping = world.pin();
    assert!(!world.pin().pass(page(3)), "another one shares its epoch");
    world.commit(&committer, &[(page(1), Part::Fill(Span::new(0, 1), 7))]);
    drop(passing);
    world.commit(&committer, &[(page(2), Part::Fill(Span::new(0, 1), 7))]);
    for id in 1..=2 {
        assert_eq!(world.read(page(id), &keeping).unwrap().1, [1], "page {id}");
    }
    assert_sound(&world.store);
}
