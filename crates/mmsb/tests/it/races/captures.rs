//! Threads capture one page against each other: every version is an image that was given.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use mmsb::{Bus, Epoch, PageId};

/// How long the race of captures lasts: `MMSB_STRESS_SECONDS`, or half a second.
fn stress_time() -> Duration {
    let seconds = std::env::var("MMSB_STRESS_SECONDS").ok().and_then(|text| text.parse().ok());
    seconds.map_or(Duration::from_millis(500), Duration::from_secs)
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
