//! What a directory word holds.

use super::{ADDRESS_MAX, Directory, GENERATION_SHIFT, Slot, Stored};
use crate::{
    class::{CLASS_COUNT, SizeClass},
    sync::AtomicU64,
};

#[test]
fn a_life_and_the_next_one() {
    for index in [0, CLASS_COUNT - 1] {
        let class = SizeClass::from_index(index).unwrap();
        // The highest bits there are. Nothing looks at the bytes.
        let slot = Slot { address: ADDRESS_MAX - class.bytes() as u64, class };
        let born = Directory::default().changing().live(slot, class.bytes() as u32 - 1);
        assert_eq!((born.slot(), born.is_exact()), (Some(slot), false));
        assert!(!born.is_free());
        let dying = born.retired();
        assert_eq!((dying.slot(), dying.is_free()), (None, false));
        assert!(dying.free().is_free());
        let again = dying.changing().live(slot, class.bytes() as u32);
        assert_eq!((again.slot(), again.is_exact()), (Some(slot), true));
        assert_eq!((again.retired().slot(), again.retired().is_exact()), (None, false));
        assert_eq!(dying.free().0, 1 << GENERATION_SHIFT);
        assert_eq!(again.retired().free().0, 2 << GENERATION_SHIFT);
    }
}

#[test]
fn generations_wrap_into_nothing_else() {
    let last = Directory(u64::MAX << GENERATION_SHIFT);
    assert_eq!(last.retired().free().0, 0);
}

#[test]
fn marks_stand_beside_all_else_and_end_with_the_life() {
    let class = SizeClass::from_index(CLASS_COUNT - 1).unwrap();
    let slot = Slot { address: ADDRESS_MAX - class.bytes() as u64, class };
    let stored = Stored(AtomicU64::new(0));
    assert!(!stored.set_marks(3), "nothing lives");
    let born = Directory::default().changing().live(slot, class.bytes() as u32);
    stored.store(born);
    for marks in [3, 1, 2, 0] {
        assert!(stored.set_marks(marks));
        let marked = stored.load();
        assert_eq!((marked.marks(), marked.slot(), marked.is_exact()), (marks, Some(slot), true));
        assert_eq!((marked.retired().marks(), marked.retired().0), (0, born.retired().0));
    }
}
