//! A bus beside its shadow: equal after the same changes, and told apart after others.

use benches::{Random, pages::Change, world::World};
use mmsb::Bus;

const PAGES: usize = 40;

fn world() -> World {
    let mut world = World::new(Bus::builder().volatile().unwrap(), PAGES, Random::new(5)).unwrap();
    world.renew(500);
    world
}

fn write_all(bus: &Bus, changes: &[Change]) {
    for change in changes {
        bus.write(change.page, change.offset, change.bytes).unwrap();
    }
}

#[test]
fn the_same_changes_make_the_same_pages() {
    let mut world = world();
    world.verify_all().unwrap();
    write_all(&world.bus, &world.changes);
    world.limit();
    world.settle().unwrap();
    world.verify().unwrap();
    world.verify_all().unwrap();
}

#[test]
fn a_change_that_was_not_made_is_found() {
    let mut world = world();
    world.limit();
    write_all(&world.bus, &world.changes[1..]);
    assert!(world.verify_all().unwrap_err().to_string().contains("is not what its changes make of it"));
    write_all(&world.bus, &world.changes);
    world.verify_all().unwrap();
    let page = world.changes[7].page;
    let byte = world.shadow.page(page)[1000];
    world.bus.write(page, 1000, [!byte]).unwrap();
    let text = format!("{page} is not what its changes make of it");
    assert_eq!(world.verify().unwrap_err().to_string(), text);
}

#[test]
fn a_page_too_many_is_found() {
    let world = world();
    world.bus.create_page(None, 1).unwrap();
    assert_eq!(world.verify_all().unwrap_err().to_string(), "the bus has 41 pages, not 40");
}

#[test]
fn changes_touch_first_and_last_bytes_and_are_new_in_every_repeat() {
    let mut random = Random::new(1);
    let changes = Change::many(&mut random, 100_000, 3);
    let offsets = || changes.iter().map(|change| change.offset);
    assert_eq!((offsets().min(), offsets().max()), (Some(0), Some(1024 - 32)));
    let mut world = world();
    let before = world.changes.clone();
    world.renew(500);
    assert_ne!(world.changes, before);
}
