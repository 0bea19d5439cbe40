//! Threads against each other: sums stay exact, captures stay whole, readers beside writers see commits only.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use mmsb::{Bus, Durability, Error, PageId};

/// How long the race of captures lasts: `MMSB_STRESS_SECONDS`, or half a second.
fn stress_time() -> Duration {
    let seconds = std::env::var("MMSB_STRESS_SECONDS").ok().and_then(|text| text.parse().ok());
    seconds.map_or(Duration::from_millis(500), Duration::from_secs)
}

/// Adds one to a counter of each page, all in one transaction, however often that takes.
fn add_one(bus: &Bus, pages: &[PageId]) {
    loop {
        let mut tx = bus.begin().durability(Durability::Volatile);
        let added = pages.iter().try_for_each(|&page| {
            let count: u64 = tx.get(page, 0)?;
            tx.put(page, 0, &(count + 1))
        });
        match added.and_then(|()| tx.commit()) {
            Ok(_) => return,
            Err(Error::Conflict { .. }) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Four threads add to the same pages, in opposite orders; no addition is lost.
#[track_caller]
fn sums_are_exact(page_count: usize, rounds: u64) {
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<_> = (0..page_count).map(|_| bus.create_page(None, 8).unwrap()).collect();
    let backwards: Vec<_> = pages.iter().rev().copied().collect();
    thread::scope(|scope| {
        for pages in [&pages, &backwards, &pages, &backwards] {
            scope.spawn(|| (0..rounds).for_each(|_| add_one(&bus, pages)));
        }
    });
    for &page in &pages {
        assert_eq!(bus.get::<u64>(page, 0).unwrap(), 4 * rounds, "{page}");
    }
    assert_eq!(bus.epoch().get(), page_count as u64 + 4 * rounds, "a refused commit takes no epoch");
    assert_eq!(bus.check(), []);
}

#[test]
fn no_addition_is_lost_on_one_page() {
    sums_are_exact(1, 300);
}

#[test]
fn no_addition_is_lost_on_pages_locked_in_opposite_orders() {
    sums_are_exact(5, 150);
}

#[test]
fn no_addition_is_lost_by_commits_that_take_the_bulk_ticket() {
    sums_are_exact(40, 60);
}

/// The image that a thread's n-th capture gives: it differs from any other's in every byte or in a few.
fn image(owner: u8, round: u64, page_bytes: usize) -> Vec<u8> {
    let mut image = vec![owner; page_bytes];
    let stamp = round.to_le_bytes();
    image[..8].copy_from_slice(&stamp);
    image[page_bytes - 8..].copy_from_slice(&stamp);
    if round.is_multiple_of(3) {
        image[8..page_bytes - 8].fill(owner ^ round as u8);
    }
    image
}

/// Tells whether `bytes` are an image that one of the two threads may have given.
fn is_an_image(bytes: &[u8]) -> bool {
    let round = u64::from_le_bytes(*bytes.first_chunk().unwrap());
    [1, 2].iter().any(|&owner| bytes == image(owner, round, bytes.len()))
}

/// Two threads capture one page against each other; every version in the log is one of the images given.
#[track_caller]
fn every_version_is_an_image(page_bytes: usize, time: Duration) {
    let bus = Bus::builder().history_bytes(16 << 20).in_memory().unwrap();
    let page = bus.create_page(None, page_bytes).unwrap();
    bus.capture(page, image(1, 0, page_bytes)).unwrap();
    let (start, bus_ref) = (Instant::now(), &bus);
    thread::scope(|scope| {
        for owner in [1, 2] {
            scope.spawn(move || {
                for round in 1.. {
                    let committed = bus_ref.capture(page, image(owner, round, page_bytes)).unwrap();
                    assert!(committed.epoch <= bus_ref.at(committed.epoch).unwrap().epoch());
                    if start.elapsed() > time {
                        break;
                    }
                }
            });
        }
    });
    let oldest = bus.at(bus.oldest().max(mmsb::Epoch::new(2))).unwrap();
    let mut version = oldest.bytes(page).unwrap().to_vec();
    let mut changes: Vec<_> = bus.history(page).unwrap().map(Result::unwrap).collect();
    changes.retain(|change| change.epoch > oldest.epoch());
    assert!(is_an_image(&version));
    for change in changes.iter().rev() {
        for run in &change.runs {
            version[run.offset as usize..][..run.new.len()].copy_from_slice(&run.new);
        }
        assert!(is_an_image(&version), "{} is a mixture", change.epoch);
    }
    assert!(bus.with_page(page, |bytes| bytes == version).unwrap());
    assert!(changes.len() > 10, "both threads ran: {} changes", changes.len());
    assert_eq!(bus.check(), []);
}

#[test]
fn two_captures_against_each_other_make_whole_images() {
    every_version_is_an_image(4096, stress_time() / 2);
    every_version_is_an_image(67, stress_time() / 2);
}

#[test]
fn captures_under_the_lock_of_boxed_frames_make_whole_images() {
    every_version_is_an_image(100_000, Duration::from_millis(300));
}

#[test]
fn readers_beside_a_writer_see_commits_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::create(&path).unwrap();
    let (one, other) = (bus.create_page("one", 8).unwrap(), bus.create_page("other", 100_000).unwrap());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for count in 1..=400u64 {
                let mut tx = bus.begin().label(count);
                tx.put(one, 0, &count).unwrap();
                tx.capture(other, vec![count as u8; 100_000]).unwrap();
                tx.commit().unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut newest = 0;
        while !done.load(Ordering::Relaxed) {
            let reader = Bus::open_read_only(&path).unwrap();
            let (Some(one), Some(other)) = (reader.page("one"), reader.page("other")) else { continue };
            let count: u64 = reader.get(one, 0).unwrap();
            assert!(reader.with_page(other, |bytes| bytes.iter().all(|&byte| byte == count as u8)).unwrap());
            assert!(count >= newest, "a later look shows an older state");
            assert!(count == 0 || reader.at_label(count).unwrap().epoch() == reader.epoch());
            newest = count;
        }
    });
    assert_eq!(Bus::open_read_only(&path).unwrap().get::<u64>(one, 0).unwrap(), 400);
}

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
