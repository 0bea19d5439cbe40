//! Subscribers beside those who commit.

use std::thread;

use mmsb::{Bus, Durability, Epoch, Event, EventFilter, News, vfs::MemoryVfs};
use mmsb_testkit::Rng;

use super::{event, on, read_again};
use crate::together::at_once;

const THREADS: u64 = 3;

/// Commits of several threads, on pages of their own and on one that they share.
fn commit(bus: &Bus, thread: u64, count: u64, durability: Durability) {
    let own = bus.create_page(None, 8).unwrap();
    let shared = bus.page("shared").unwrap();
    for value in 0..count {
        let mut tx = bus.begin().durability(durability).label(thread).tag(format!("thread {}", value % 5));
        tx.put(own, 0, &value).unwrap();
        if value % 3 == 0 {
            tx.write(shared, thread as u32, [value as u8]).unwrap();
        }
        tx.commit().unwrap();
    }
}

fn buses() -> [Bus; 2] {
    [Bus::in_memory().unwrap(), on(&MemoryVfs::new())]
}

fn listen(bus: &Bus, filter: EventFilter) -> impl FnOnce() -> Vec<Event> + Send + use<> {
    let news = bus.subscribe(filter).unwrap();
    || news.map(|news| event(news.unwrap())).collect()
}

#[track_caller]
fn check(bus: Bus, count: u64, durability: Durability) {
    bus.create_page("shared", 16).unwrap();
    let filters = [EventFilter::all(), EventFilter::all().label(1..=1)];
    let listening = filters.map(|filter| thread::spawn(listen(&bus, filter)));
    at_once(THREADS, |thread| commit(&bus, thread, count, durability));
    let other = bus.clone();
    bus.stop().unwrap();
    let [all, of_one] = listening.map(|listening| listening.join().unwrap());
    let again = read_again(&other, Epoch::new(2)..);
    assert_eq!(again.len() as u64, THREADS * (count + 1));
    assert!(all == again);
    assert_eq!(of_one.len() as u64, count);
    assert!(of_one.iter().all(|event| again.contains(event)));
}

#[test]
fn every_commit_of_every_thread_is_told_once_in_order_as_the_log_tells_it() {
    let mut rng = Rng::new(21);
    for durability in [Durability::Volatile, Durability::Written, Durability::Volatile] {
        buses().into_iter().for_each(|bus| check(bus, 1 + rng.below(400) as u64, durability));
    }
}

#[test]
fn what_a_slow_one_hears_and_misses_is_everything() {
    for bus in buses() {
        bus.create_page("shared", 16).unwrap();
        let news = bus.subscribe(EventFilter::all()).unwrap().waiting_at_most(64);
        let listening = thread::spawn(move || {
            let mut next = 2;
            for news in news {
                let (from, to) = match news.unwrap() {
                    News::Event(event) => (event.epoch.get(), event.epoch.get()),
                    News::Missed { from, to } => (from.get(), to.get()),
                };
                assert!(from == next && to >= from, "{from} to {to} behind {next}");
                next = to + 1;
            }
            next - 1
        });
        at_once(THREADS, |thread| commit(&bus, thread, 2000, Durability::Volatile));
        let newest = bus.epoch().get();
        bus.stop().unwrap();
        assert_eq!(listening.join().unwrap(), newest);
    }
}
