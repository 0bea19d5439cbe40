//! Names as of an epoch, and how long old ones are kept.

use mmsb::{Bus, Snapshot};

#[test]
fn names_and_pages_are_those_of_the_epoch() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page("old", 8).unwrap();
    let named = bus.snapshot();
    let mut tx = bus.begin();
    tx.name_page(page, "new").unwrap();
    let late = tx.create_page("old", 8).unwrap();
    tx.commit().unwrap();
    let renamed = bus.snapshot();
    bus.delete_page(page).unwrap();
    (0..40).for_each(|count| {
        bus.create_page(&*format!("more {count}"), 1).unwrap();
    });
    let asked = |snapshot: &Snapshot| (snapshot.page("old").unwrap(), snapshot.page("new").unwrap());
    assert_eq!(asked(&named), (Some(page), None));
    assert_eq!(asked(&renamed), (Some(late), Some(page)));
    assert_eq!(asked(&bus.snapshot()), (Some(late), None));
    assert_eq!(named.page_name(page).unwrap().as_deref(), Some("old"));
    assert_eq!(named.page_name(late).unwrap(), None);
    assert_eq!(named.label().unwrap(), None);
}

#[test]
fn old_names_are_kept_for_those_who_look_and_for_nobody_else() {
    let bus = Bus::in_memory().unwrap();
    let create = |count: u32| (0..count).for_each(|_| _ = bus.create_page(None, 1).unwrap());
    let versions = || bus.memory().catalogue_version_count;
    create(50);
    assert_eq!(versions(), 1, "the one before the newest");
    let held = [bus.snapshot(), bus.snapshot().clone()];
    create(50);
    let later = bus.snapshot();
    create(50);
    assert_eq!((versions(), bus.memory().pin_count), (3, 3));
    assert_eq!(bus.memory().oldest_pin, Some(held[0].epoch()));
    drop((held, later));
    create(1);
    assert_eq!((versions(), bus.memory().oldest_pin), (1, None));
}
