//! Threads create, name and delete pages: the catalogue stays whole.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use mmsb::{Bus, Error};

#[test]
fn pages_created_named_and_deleted_by_many_threads_keep_the_catalogue_whole() {
    let bus = Bus::in_memory().unwrap();
    let (taken, given) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        for thread in 0..4u64 {
            let (bus, taken, given) = (&bus, &taken, &given);
            scope.spawn(move || {
                for round in 0..100 {
                    let mut tx = bus.begin().tag(format!("thread {thread} round {round}"));
                    let page = tx.create_page("the only one", 16).unwrap();
                    tx.put(page, 0, &thread).unwrap();
                    match tx.commit() {
                        Err(Error::NameTaken { .. }) => taken.store(true, Ordering::Relaxed),
                        committed => {
                            let epoch = committed.unwrap().epoch;
                            given.store(true, Ordering::Relaxed);
                            assert_eq!(bus.page("the only one"), Some(page));
                            let then = bus.at(epoch).unwrap();
                            assert_eq!(then.get::<u64>(page, 0).unwrap(), thread);
                            bus.delete_page(page).unwrap();
                        }
                    }
                }
            });
        }
    });
    assert!(given.into_inner());
    println!("a name was taken: {}", taken.into_inner());
    assert_eq!((bus.pages().count(), bus.page("the only one")), (0, None));
    assert_eq!(bus.check(), []);
}
