//! Which snapshots age, and which do not: the oldest first, and never what did not change.

use mmsb_page::{Pin, SnapshotError};
use mmsb_types::Span;

use super::{CHUNK_BYTES, Part, World};
use crate::{assert_sound, born, page};

#[test]
fn the_oldest_snapshot_ages_first() {
    let world = World::new(8);
    born(&world.store, page(1), &[0; 1000], world.number());
    let committer = world.committer();
    let fill = |byte| world.commit(&committer, &[(page(1), Part::Fill(Span::new(0, 1000), byte))]);
    let mut pins = Vec::new();
    while !pins.first().is_some_and(Pin::is_aged) {
        pins.push(world.pin());
        fill(pins.len() as u8);
    }
    let aged = pins.iter().take_while(|pin| pin.is_aged()).count();
    assert!(aged < pins.len() / 4, "{aged} of {} aged", pins.len());
    let answers: Vec<_> = pins.iter().map(|pin| world.read(page(1), pin)).collect();
    let refused = answers.iter().take_while(|answer| answer.is_err()).count();
    assert!((1..=aged).contains(&refused), "{refused} of {aged} refused");
    for (byte, answer) in (0..=u8::MAX).cycle().zip(&answers).skip(refused) {
        assert_eq!(answer.as_ref().unwrap().1, [byte; 1000]);
    }
    assert_sound(&world.store);
}

#[test]
fn a_commit_larger_than_all_room_ages_snapshots_and_nothing_else() {
    let world = World::new(4);
    let page_bytes = 5 * CHUNK_BYTES as u32;
    born(&world.store, page(1), &vec![1; page_bytes as usize], world.number());
    born(&world.store, page(2), b"small", world.number());
    let (pin, committer) = (world.pin(), world.committer());
    world.commit(&committer, &[(page(1), Part::Fill(Span::new(3, 1), 9))]);
    assert!(pin.is_aged());
    assert_eq!(
        world.read(page(1), &pin).unwrap_err(),
        SnapshotError::Aged { page: page(1), at: pin.epoch() }
    );
    // What did not change is still there, and so is what a new snapshot sees.
    assert_eq!(world.read(page(2), &pin).unwrap().1, b"small");
    let pin = world.pin();
    world.commit(&committer, &[(page(2), Part::Fill(Span::new(0, 5), b'x'))]);
    assert_eq!(world.read(page(2), &pin).unwrap().1, b"small");
    assert_sound(&world.store);
}
