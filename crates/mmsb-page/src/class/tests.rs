//! Every length and its class.

use super::{CLASS_COUNT, SizeClass};
use mmsb_types::limits::PAGE_BYTES_MAX;

#[test]
fn four_classes_per_doubling_and_eight_above_8_kib() {
    let sizes: Vec<usize> = (0..12).map(|index| SizeClass::from_index(index).unwrap().bytes()).collect();
    assert_eq!(sizes, [64, 128, 192, 256, 320, 384, 448, 512, 640, 768, 896, 1024]);
    let kib: Vec<usize> = (22..34).map(|index| SizeClass::from_index(index).unwrap().bytes() >> 10).collect();
    assert_eq!(kib, [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20]);
    assert_eq!(SizeClass::from_index(CLASS_COUNT), None);
    assert_eq!(SizeClass::from_bits(u64::MAX).bytes(), 0);
}

#[test]
fn every_length_gets_the_smallest_slot_that_holds_it() {
    for class in (0..CLASS_COUNT).map(|index| SizeClass::from_index(index).unwrap()) {
        assert_eq!(SizeClass::from_bits(class.bits() | 1 << 7), class);
        let largest = class.bytes() as u32;
        assert_eq!(SizeClass::of(largest), class);
        if largest < PAGE_BYTES_MAX {
            assert_eq!(SizeClass::of(largest + 1).index(), class.index() + 1);
        }
    }
    assert_eq!(SizeClass::of(1).bytes(), 64);
}
