//! Threads against each other: sums stay exact, captures stay whole, readers beside writers see commits only.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use mmsb::{Bus, Durability, Epoch, Error, PageId};

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

/// Captures until `end`; returns which epoch each image made.
fn capture_until(
    bus: &Bus,
    page: PageId,
    owner: u8,
    page_bytes: usize,
    end: Instant,
) -> Vec<(Epoch, u8, u64)> {
    let mut given = Vec::new();
    for round in 1.. {
        let committed = bus.capture(page, image(owner, round, page_bytes)).unwrap();
        given.push((committed.epoch, owner, round));
        if Instant::now() > end {
            break;
        }
    }
    given
}

/// Threads capture one page against each other; the log holds exactly the images given, in some order.
#[track_caller]
fn every_version_is_the_image_given(owners: u8, page_bytes: usize, time: Duration) {
    // The limit is far below the worst case of a capture, which is more than any of these needs.
    let builder = Bus::builder().history_bytes(16 << 20).record_bytes_max(4096 + 1024);
    let bus = builder.in_memory().unwrap();
    let page = bus.create_page(None, page_bytes).unwrap();
    let end = Instant::now() + time;
    let given: BTreeMap<Epoch, (u8, u64)> = thread::scope(|scope| {
        let bus = &bus;
        let capture = |owner| scope.spawn(move || capture_until(bus, page, owner, page_bytes, end));
        let threads: Vec<_> = (1..=owners).map(capture).collect();
        let given = threads.into_iter().flat_map(|thread| thread.join().unwrap());
        given.map(|(epoch, owner, round)| (epoch, (owner, round))).collect()
    });
    assert_eq!(bus.epoch().get(), given.len() as u64 + 1, "each capture made an epoch");
    let oldest = bus.at(bus.oldest().max(Epoch::new(1))).unwrap();
    let mut version = oldest.bytes(page).unwrap().to_vec();
    let mut changes: Vec<_> = bus.history(page).unwrap().map(Result::unwrap).collect();
    changes.retain(|change| change.epoch > oldest.epoch());
    assert_eq!(changes.len() as u64, bus.epoch().get() - oldest.epoch().get(), "each one changed the page");
    for change in changes.iter().rev() {
        for run in &change.runs {
            version[run.offset as usize..][..run.new.len()].copy_from_slice(&run.new);
        }
        let (owner, round) = given[&change.epoch];
        assert!(
            version == image(owner, round, page_bytes),
            "{} is not round {round} of {owner}",
            change.epoch
        );
    }
    println!("{page_bytes} bytes, {owners} threads: {} captures", given.len());
    assert_eq!(bus.check(), []);
}

#[test]
fn two_captures_against_each_other_leave_the_images_given() {
    every_version_is_the_image_given(2, 4096, stress_time() / 2);
    every_version_is_the_image_given(2, 67, stress_time() / 2);
}

#[test]
fn captures_that_lose_every_race_are_compared_under_the_lock() {
    every_version_is_the_image_given(4, 100_000, Duration::from_millis(500));
}

#[test]
fn a_commit_can_be_looked_up_as_soon_as_it_returns() {
    let bus = Bus::builder().history_bytes(64 << 10).in_memory().unwrap();
    let pages: Vec<_> = (0..4).map(|_| bus.create_page(None, 60_000).unwrap()).collect();
    thread::scope(|scope| {
        for &page in &pages {
            let bus = &bus;
            scope.spawn(move || {
                for round in 0..200u64 {
                    let noise: Vec<u8> = (0..60_000u64).map(|at| (at * (round + 7) / 3) as u8).collect();
                    let epoch = bus.capture(page, noise).unwrap().epoch;
                    match bus.at(epoch) {
                        Ok(past) => assert_eq!(past.epoch(), epoch),
                        Err(error) => assert!(matches!(error, Error::HistoryGone { .. }), "{error}"),
                    }
                }
            });
        }
    });
    assert_eq!(bus.check(), []);
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
