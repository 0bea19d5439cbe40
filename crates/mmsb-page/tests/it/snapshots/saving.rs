//! What is saved: what a snapshot needs, and nothing else.

mod passing;

use mmsb_page::{Group, GroupBuf, Hold, Need};
use mmsb_types::Span;

use super::{CHUNK_BYTES, Part, World};
use crate::{assert_sound, born, page};

#[test]
fn nothing_is_saved_that_no_snapshot_needs() {
    let world = World::new(4);
    let committer = world.committer();
    let fill = |id| [(page(id), Part::Fill(Span::new(0, 1), 7))];
    [1, 3].iter().for_each(|&id| born(&world.store, page(id), &[1], world.number()));
    world.commit(&committer, &fill(1));
    let (one, two, three) = (world.pin(), world.pin(), world.pin());
    born(&world.store, page(2), &[1], world.number());
    let saved = |parts: &[_]| {
        world.commit(&committer, parts);
        world.store.preimage_stats().saved
    };
    // A page's first change, its second; a page born since; after all pins are gone.
    let mut counts = vec![saved(&fill(1)), saved(&fill(1)), saved(&fill(2))];
    drop((one, two));
    assert_eq!(world.read(page(1), &three).unwrap().1, [7]);
    drop(three);
    world.commit(&committer, &[(page(1), Part::Delete)]);
    counts.push(saved(&fill(3)));
    assert_eq!(counts, [1, 1, 1, 1]);
    assert_sound(&world.store);
}

#[test]
fn what_was_saved_is_written_over_before_new_memory_is_touched() {
    let world = World::new(64);
    let committer = world.committer();
    let bytes = (CHUNK_BYTES / 4) as u32;
    (1..=8).for_each(|id| {
        world.commit(&committer, &[(page(id), Part::Create(bytes))]);
    });
    let touched = |round: u64| {
        let pin = world.pin();
        (1..=8).for_each(|id| {
            world.commit(&committer, &[(page(id), Part::Fill(Span::new(0, 1), round as u8))]);
        });
        drop(pin);
        world.store.reclaim();
        world.store.preimage_stats().touched_bytes
    };
    let first = touched(1);
    assert_eq!((2..20).map(touched).max(), Some(first));
    assert_sound(&world.store);
}

#[test]
fn a_group_saves_the_pages_it_will_change() {
    let world = World::new(4);
    (1..=4).for_each(|id| born(&world.store, page(id), b"old", world.number()));
    let (pin, committer, mut buffer) = (world.pin(), world.committer(), GroupBuf::default());
    assert!(world.store.stash(&committer, Need::of(4, 12)));
    let mut group = Group::new(&world.store, &committer, &mut buffer);
    let ids = [1, 2, 1, 3];
    assert!(ids.iter().all(|&id| group.try_lock(page(id), 3) != Hold::Busy));
    let at = world.number();
    let mut writer = group.into_writer();
    // Page 3 is only a precondition.
    let changed = ids.iter().enumerate().filter(|(_, id)| **id != 3);
    writer.preserve(changed.map(|(index, id)| (index, page(*id))), at);
    writer.write(0, 0, b"n");
    writer.write(2, 1, b"w");
    writer.publish(1, at);
    writer.retire(page(2), at);
    writer.publish(1, at);
    writer.publish_unchanged();
    drop(writer);
    for id in 1..=4 {
        assert_eq!(world.read(page(id), &pin).unwrap().1, b"old", "page {id}");
    }
    assert_eq!(world.store.preimage_stats().saved, 2);
    assert_sound(&world.store);
}
