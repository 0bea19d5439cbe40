//! The state that opening comes to does not depend on how many threads work at it.

use std::sync::{Arc, Mutex};

use mmsb::{Bus, Durability, Epoch, OpenProgress, OpenStage, PageInfo};
use mmsb_testkit::{Driver, agree};

use crate::checkpoints::{Disk, fill_log, varied};

/// Reads the bus by one thread, by a reader and so many others, and as usual.
#[track_caller]
fn check(disk: &Disk, agree: impl Fn(&Bus)) {
    let mut builders = vec![Disk::builder(), Disk::builder().without_threads()];
    builders.extend([1, 2, 3, 8].map(|count| Disk::builder().recovery_threads(count)));
    for builder in builders {
        let bus = builder.read_on(disk.vfs.clone(), Disk::path()).unwrap();
        agree(&bus);
        assert_eq!(bus.check(), [], "violations");
    }
}

#[test]
fn random_commits_make_one_state_by_any_number_of_threads() {
    for seed in 0..12 {
        println!("seed {seed}");
        let (disk, mut driver) = (Disk::new(), Driver::new(seed));
        let bus = disk.create();
        for step in 0..60 {
            driver.step(&bus);
            if seed % 3 > 0 && step % 25 == 24 {
                bus.checkpoint().unwrap();
            }
        }
        drop(bus);
        check(&disk, |bus| agree::live(bus, driver.model()));
    }
}

/// Epoch, and all pages with their bytes.
fn state(bus: &Bus) -> (Epoch, Vec<(PageInfo, Vec<u8>)>) {
    let infos = bus.snapshot().pages().unwrap();
    let bytes = |info: &PageInfo| bus.with_page(info.page, <[u8]>::to_vec).unwrap();
    (bus.epoch(), infos.iter().map(|info| (info.clone(), bytes(info))).collect())
}

#[test]
fn a_log_of_many_chunks_makes_one_state_by_any_number_of_threads() {
    let disk = Disk::new();
    let bus = Disk::builder().segment_bytes(1 << 20).create_on(disk.vfs.clone(), Disk::path()).unwrap();
    let pages = [(); 40].map(|()| bus.create_page(None, 1000).unwrap());
    for turn in 0..400 {
        // Long pages come and go, named anew, between commits that write here and there.
        let mut tx = bus.begin().label(turn as u64).tag(if turn % 3 == 0 { "a" } else { "b" });
        let long = tx.create_page(format!("long {turn}").as_str(), 20_000).unwrap();
        tx.capture(long, varied(turn).repeat(20)).unwrap();
        tx.commit().unwrap();
        for at in 0..30 {
            let page = pages[(turn * 7 + at * 11) % pages.len()];
            bus.write(page, (at * 30) as u32, &varied(turn + at)[..32]).unwrap();
        }
        if turn % 4 > 0 {
            bus.delete_page(long).unwrap();
        }
    }
    let expected = state(&bus);
    drop(bus);
    assert!(disk.manifest().segments.len() > 3);
    check(&disk, |bus| assert!(state(bus) == expected, "at {}", bus.epoch()));
}

#[test]
fn who_listens_hears_of_checkpoint_and_log() {
    let disk = Disk::new();
    let bus = disk.create();
    let mut tx = bus.begin().durability(Durability::Volatile);
    let pages = [(); 30].map(|()| tx.create_page(None, 100_000).unwrap());
    pages.iter().for_each(|&page| tx.capture(page, varied(9).repeat(100)).unwrap());
    tx.commit().unwrap();
    bus.checkpoint().unwrap();
    fill_log(&bus, pages[0], 3000);
    drop(bus);
    for count in [0, 2] {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&heard);
        let listening = Bus::builder().on_progress(move |told| listener.lock().unwrap().push(told));
        drop(listening.recovery_threads(count).read_on(disk.vfs.clone(), Disk::path()).unwrap());
        let heard = heard.lock().unwrap();
        assert!(heard.is_sorted_by_key(|told| (told.stage, told.done_bytes)), "{heard:?}");
        assert!(heard.iter().all(|told| told.done_bytes <= told.total_bytes), "{heard:?}");
        let last = |stage| heard.iter().rfind(|told: &&OpenProgress| told.stage == stage).unwrap();
        assert_eq!(last(OpenStage::Checkpoint).done_bytes, 3_000_000);
        assert!(last(OpenStage::Log).done_bytes > 3_000_000, "{heard:?}");
    }
}
