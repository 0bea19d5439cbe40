//! A bus whose packed reservation word overflows while threads commit: nobody notices.

use mmsb::{Bus, Durability, testing::assert_replays};

use crate::together::at_once;

const FRAMES_BEFORE: u32 = 300;
const COMMITS: u64 = 400;

#[test]
fn a_bus_goes_on_past_the_overflows_of_its_reservation_word() {
    let bus = Bus::builder().near_overflow(FRAMES_BEFORE, 6_000).in_memory().unwrap();
    let pages: Vec<_> = (0..2).map(|_| bus.create_page(None, 64).unwrap()).collect();
    at_once(2, |thread| {
        let mut before = bus.epoch();
        for count in 1..=COMMITS {
            let mut tx = bus.begin().durability(Durability::Volatile);
            tx.put(pages[thread as usize], 8 * (count % 8) as u32, &count).unwrap();
            let epoch = tx.commit().unwrap().epoch;
            assert!(epoch > before, "{epoch} after {before}");
            before = epoch;
        }
    });
    assert_eq!(bus.epoch().get(), 2 + 2 * COMMITS, "no number was left out or given twice");
    assert_eq!(bus.history(pages[0]).unwrap().count(), 1 + COMMITS as usize);
    assert_replays(&bus);
}
