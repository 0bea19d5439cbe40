//! Slots that come back.

use super::{Arena, FreeSlots};
use crate::class::SizeClass;

#[test]
fn a_freed_slot_comes_back_zeroed_and_the_newest_first() {
    let arena = Arena::new(u64::MAX);
    let class = SizeClass::of(200);
    let slots: Vec<_> = (0..3).map(|_| arena.allocate(class).unwrap()).collect();
    for &slot in &slots {
        arena.words(slot).fill(0, class.bytes(), 0xee);
        arena.free(slot, arena.words(slot));
    }
    assert_eq!(arena.free_bytes(), 3 * class.bytes() as u64);
    for &slot in slots.iter().rev() {
        assert_eq!(arena.allocate(class).unwrap(), slot);
        assert_eq!(arena.words(slot).first_nonzero(0), None);
    }
    assert_eq!(arena.free_bytes(), 0);
}

#[test]
fn a_slot_too_large_for_the_rest_of_a_region_leaves_it_to_others() {
    let arena = Arena::new(u64::MAX);
    let large = arena.allocate(SizeClass::of(16 << 20)).unwrap();
    let small = arena.allocate(SizeClass::of(64)).unwrap();
    assert!(arena.unit(small.address()) < arena.unit(large.address()), "{small:?} {large:?}");
    assert!([large, small].iter().all(|slot| arena.has_cut(slot.address(), slot.class)));
}

#[test]
fn a_link_astray_and_a_ring_are_found() {
    let arena = Arena::new(u64::MAX);
    let class = SizeClass::of(64);
    let slot = arena.allocate(class).unwrap();
    arena.free(slot, arena.words(slot));
    assert_eq!(arena.free_slots(), FreeSlots { spare: vec![slot], ..FreeSlots::default() });
    arena.words(slot).first().store(1 << 30, super::Ordering::Relaxed);
    assert_eq!(arena.free_slots().bad.len(), 1);
    arena.words(slot).first().store(slot.address(), super::Ordering::Relaxed);
    assert_eq!(arena.free_slots().bad.len(), 1);
}
