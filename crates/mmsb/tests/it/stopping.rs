//! Opening and ending: who may, what is left, and what other handles can still do.

use std::{cell::RefCell, path::Path, sync::Barrier, thread};

use mmsb::{Bus, Durability, Error, Tail, verify};

use crate::together::at_once;

#[track_caller]
fn is_closed(path: &Path) -> bool {
    matches!(verify(path).unwrap().log.scan.tail, Tail::Clean { closed: true })
}

#[test]
fn a_stopped_bus_is_closed_and_its_other_handles_can_only_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::create(&path).unwrap();
    let page = bus.create_page("page", 8).unwrap();
    let mut begun = bus.begin().durability(Durability::Volatile);
    begun.put(page, 0, &1u64).unwrap();
    begun.commit().unwrap();
    let other = bus.clone();
    bus.stop().unwrap();
    assert!(is_closed(&path));
    assert!(matches!(other.put(page, 0, &2u64), Err(Error::Stopped)));
    assert!(matches!(other.create_page(None, 1), Err(Error::Stopped)));
    assert_eq!(other.get::<u64>(page, 0).unwrap(), 1);
    assert_eq!(other.at(other.epoch()).unwrap().get::<u64>(page, 0).unwrap(), 1);
    assert_eq!(other.stats().log.durable, other.epoch());
    other.stop().unwrap();
    assert!(is_closed(&path), "stopping twice changes nothing");
    assert_eq!(Bus::open(&path).unwrap().get::<u64>(page, 0).unwrap(), 1);
}

#[test]
fn a_dropped_bus_is_closed_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::create(&path).unwrap();
    bus.create_page("page", 8).unwrap();
    drop(bus);
    assert!(is_closed(&path));
    let before = verify(&path).unwrap();
    drop(Bus::open(&path).unwrap());
    assert_eq!(verify(&path).unwrap(), before, "opening and dropping writes nothing");
}

#[test]
fn a_commit_under_way_is_finished_before_the_bus_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let path = dir.path().join(format!("bus-{round}"));
        let bus = Bus::create(&path).unwrap();
        let page = bus.create_page("page", 8).unwrap();
        let committed = thread::scope(|scope| {
            let commit = || {
                let mut count = 0u64;
                loop {
                    match bus.put(page, 0, &(count + 1)) {
                        Ok(_) => count += 1,
                        Err(Error::Stopped) => return count,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            };
            let threads: Vec<_> = (0..3).map(|_| scope.spawn(commit)).collect();
            while bus.epoch().get() < 20 {
                thread::yield_now();
            }
            bus.clone().stop().unwrap();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
        });
        assert_eq!(bus.epoch().get(), committed + 1, "who was told so committed, and nobody else");
        assert!(is_closed(&path));
        assert_eq!(bus.check(), []);
    }
}

#[test]
fn two_handles_that_are_stopped_at_once_both_stop() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let path = dir.path().join(format!("bus-{round}"));
        let bus = Bus::create(&path).unwrap();
        let start = Barrier::new(2);
        at_once(2, |_| {
            start.wait();
            bus.clone().stop().unwrap();
        });
        assert!(is_closed(&path));
    }
}

/// Writes to its bus when its thread ends.
struct LastWords(Bus);

impl Drop for LastWords {
    fn drop(&mut self) {
        let page = self.0.page("page").unwrap();
        let seen = self.0.with_page(page, <[u8]>::to_vec).unwrap();
        self.0.write(page, 0, [seen[0] + 1]).unwrap();
    }
}

#[test]
fn a_thread_may_commit_while_it_ends() {
    thread_local! {
        static LAST_WORDS: RefCell<Option<LastWords>> = const { RefCell::new(None) };
    }
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page("page", 1).unwrap();
    let theirs = bus.clone();
    let speak = move || {
        LAST_WORDS.set(Some(LastWords(theirs.clone())));
        // The library's own thread-local buffers come to life behind the test's, and go before it.
        theirs.write(page, 0, [7]).unwrap();
        theirs.with_page(page, |_| {}).unwrap();
    };
    thread::spawn(speak).join().unwrap();
    assert_eq!(bus.get::<u8>(page, 0).unwrap(), 8);
}

#[test]
fn a_bus_has_one_writer_and_any_number_of_readers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::create(&path).unwrap();
    let page = bus.create_page("page", 8).unwrap();
    assert!(matches!(Bus::open(&path), Err(Error::Locked { .. })));
    assert!(matches!(Bus::create(&path), Err(Error::AlreadyExists { .. })));
    let readers = [Bus::open_read_only(&path).unwrap(), Bus::open_read_only(&path).unwrap()];
    bus.put(page, 0, &1u64).unwrap();
    for reader in readers {
        assert_eq!(reader.get::<u64>(page, 0).unwrap(), 0, "the state is that of the opening");
        assert!(matches!(reader.put(page, 0, &1u64), Err(Error::ReadOnly)));
        assert!(matches!(reader.at(reader.epoch().next()), Err(Error::EpochAhead { .. })));
        reader.stop().unwrap();
    }
    drop(bus);
    assert!(matches!(Bus::open(dir.path()), Err(Error::NotABus { .. })));
    assert!(matches!(Bus::open(dir.path().join("nothing")), Err(Error::NotABus { .. })));
}

#[test]
fn what_is_ahead_is_said_to_be() {
    let bus = Bus::in_memory().unwrap();
    bus.create_page(None, 1).unwrap();
    for ahead in [2, 3, 1000, u64::MAX] {
        let refused = bus.at(mmsb::Epoch::new(ahead));
        assert!(matches!(refused, Err(Error::EpochAhead { newest, .. }) if newest.get() == 1), "{refused:?}");
    }
    assert!(matches!(bus.at_label(1), Err(Error::LabelNotFound { .. })));
}

#[test]
fn a_stopped_bus_lets_go_of_its_directory_while_other_handles_still_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::create(&path).unwrap();
    let page = bus.create_page("page", 8).unwrap();
    let reader = bus.clone();
    assert!(matches!(Bus::open(&path), Err(Error::Locked { .. })));
    bus.stop().unwrap();
    let again = Bus::open(&path).unwrap();
    again.put(page, 0, &7u64).unwrap();
    assert_eq!(reader.get::<u64>(page, 0).unwrap(), 0);
    reader.stop().unwrap();
    again.put(page, 0, &8u64).unwrap();
    again.stop().unwrap();
    assert_eq!(Bus::open(&path).unwrap().get::<u64>(page, 0).unwrap(), 8);
}
