//! Threads create, name and delete pages: the catalogue stays whole.

use std::sync::atomic::{AtomicBool, Ordering};

use mmsb::{Bus, Error};

use crate::together::at_once;

/// Creates the only page of this name, finds it and deletes it; or another thread has the name.
#[track_caller]
fn come_and_go(bus: &Bus, thread: u64, round: u64) -> bool {
    let mut tx = bus.begin().tag(format!("thread {thread} round {round}"));
    let page = tx.create_page("the only one", 16).unwrap();
    tx.put(page, 0, &thread).unwrap();
    let committed = tx.commit();
    if matches!(committed, Err(Error::NameTaken { .. })) {
        return false;
    }
    assert_eq!(bus.page("the only one"), Some(page));
    let then = bus.at(committed.unwrap().epoch).unwrap();
    assert_eq!(then.get::<u64>(page, 0).unwrap(), thread);
    bus.delete_page(page).unwrap();
    true
}

#[test]
fn pages_created_named_and_deleted_by_many_threads_keep_the_catalogue_whole() {
    let bus = Bus::in_memory().unwrap();
    let (taken, given) = (AtomicBool::new(false), AtomicBool::new(false));
    at_once(4, |thread| {
        for round in 0..100 {
            let was_given = come_and_go(&bus, thread, round);
            if was_given { &given } else { &taken }.store(true, Ordering::Relaxed);
        }
    });
    assert!(given.into_inner());
    println!("a name was taken: {}", taken.into_inner());
    assert_eq!((bus.pages().count(), bus.page("the only one")), (0, None));
    assert_eq!(bus.check(), []);
}
