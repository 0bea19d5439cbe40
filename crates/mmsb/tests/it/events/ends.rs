//! How a subscription ends.

use std::{path::Path, sync::Arc, thread, time::Duration};

use mmsb::{
    Bus, Durability, Error, EventFilter,
    vfs::{
        FaultyVfs, MemoryVfs,
        faulty::{Failure, FailureKind},
    },
};

use super::{builder, event, heard, on};

fn volatile(bus: &Bus, value: u64) {
    let page = bus.page("page").unwrap_or_else(|| bus.create_page("page", 8).unwrap());
    let mut tx = bus.begin().durability(Durability::Volatile);
    tx.put(page, 0, &value).unwrap();
    tx.commit().unwrap();
}

#[test]
fn stopping_ends_a_subscription_behind_the_last_commit() {
    for bus in [Bus::in_memory().unwrap(), on(&MemoryVfs::new())] {
        let news = bus.subscribe(EventFilter::all()).unwrap();
        let told = thread::scope(|scope| {
            let listening =
                scope.spawn(|| news.map(|news| event(news.unwrap()).epoch.get()).collect::<Vec<_>>());
            (0..40).for_each(|value| volatile(&bus, value));
            bus.stop().unwrap();
            listening.join().unwrap()
        });
        assert_eq!(told, (1..=41).collect::<Vec<_>>());
    }
}

#[test]
fn the_last_handle_ends_it_whoever_still_listens() {
    let bus = on(&MemoryVfs::new());
    let mut news = bus.subscribe(EventFilter::all()).unwrap();
    volatile(&bus, 1);
    drop(bus);
    assert_eq!(heard(&mut news).len(), 2);
    assert_eq!(news.recv_timeout(Duration::MAX).unwrap(), None);
    assert!(news.is_over() && news.next().is_none());
}

#[test]
fn who_waits_in_vain_goes_on_later() {
    let bus = builder().without_threads().create_on(Arc::new(MemoryVfs::new()), Path::new("bus")).unwrap();
    let mut news = bus.subscribe(EventFilter::all()).unwrap();
    assert_eq!(news.recv_timeout(Duration::from_millis(1)).unwrap(), None);
    assert!(!news.is_over());
    volatile(&bus, 1);
    assert_eq!(event(news.recv_timeout(Duration::ZERO).unwrap().unwrap()).epoch.get(), 1);
    assert_eq!(event(news.next().unwrap().unwrap()).epoch.get(), 2);
}

#[test]
fn dropping_one_leaves_the_bus_and_the_others_alone() {
    let bus = on(&MemoryVfs::new());
    let [one, mut other] = [(); 2].map(|()| bus.subscribe(EventFilter::all()).unwrap());
    volatile(&bus, 1);
    drop(one);
    volatile(&bus, 2);
    assert_eq!(heard(&mut other).len(), 3);
    bus.stop().unwrap();
}

#[test]
fn a_disk_that_fails_ends_it_with_what_was_written_and_the_cause() {
    let disk = FaultyVfs::new();
    let bus = builder().without_threads().create_on(Arc::new(disk.clone()), Path::new("bus")).unwrap();
    let mut news = bus.subscribe(EventFilter::all()).unwrap();
    bus.create_page("page", 8).unwrap();
    disk.fail(Failure { at: disk.call_count(), kind: FailureKind::NoSpace, sticky: true });
    volatile(&bus, 1);
    assert_eq!(event(news.next().unwrap().unwrap()).epoch.get(), 1);
    assert!(news.next().unwrap().is_err());
    assert!(news.next().is_none() && news.is_over());
    assert!(matches!(bus.subscribe(EventFilter::all()), Err(Error::Poisoned { .. })));
}

#[test]
fn who_waits_hears_of_a_failure_elsewhere() {
    let disk = FaultyVfs::new();
    let bus = builder().create_on(Arc::new(disk.clone()), Path::new("bus")).unwrap();
    bus.create_page("page", 8).unwrap();
    let news = bus.subscribe(EventFilter::all()).unwrap();
    let last = thread::scope(|scope| {
        let listening = scope.spawn(|| news.last());
        disk.fail(Failure { at: disk.call_count(), kind: FailureKind::Sync, sticky: true });
        let mut tx = bus.begin().durability(Durability::Synced);
        tx.create_page("other", 8).unwrap();
        tx.commit().unwrap_err();
        listening.join().unwrap()
    });
    assert!(matches!(last, Some(Err(Error::Poisoned { .. }))), "{last:?}");
}
