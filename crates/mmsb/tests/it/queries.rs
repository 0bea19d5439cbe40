//! Looking for commits without reading the whole log: what is found, and what is read for it.

mod counting;

use std::{path::Path, sync::Arc};

use mmsb::{Bus, CheckpointEvery, CommitInfo, Epoch, Label, PageEvent, PageId, vfs::MemoryVfs};
use mmsb_testkit::{Driver, Rng};

use self::counting::Counting;

fn builder() -> mmsb::Builder {
    Bus::builder().segment_bytes(64 << 10).checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None)
}

/// A bus on a disk in memory, after so many random transactions.
fn driven(seed: u64, turns: usize) -> Bus {
    println!("seed {seed}");
    let bus = builder().sites(true).create_on(Arc::new(MemoryVfs::new()), Path::new("bus")).unwrap();
    let mut driver = Driver::with_short_pages(seed);
    for turn in 0..turns {
        driver.step(&bus);
        if turn % 200 == 150 {
            bus.checkpoint().unwrap();
        }
    }
    bus
}

fn collect(found: impl Iterator<Item = Result<CommitInfo, mmsb::Error>>) -> Vec<CommitInfo> {
    found.collect::<Result<_, _>>().unwrap()
}

fn touches(commit: &CommitInfo, page: PageId) -> bool {
    commit.pages.contains(&page) || commit.events.iter().map(PageEvent::page).any(|touched| touched == page)
}

#[test]
fn a_query_finds_what_a_pass_over_all_commits_finds() {
    for seed in 1..=3 {
        let bus = driven(seed, 900);
        let all = collect(bus.commits().unwrap());
        assert!(bus.log_report().unwrap().segments.len() > 2);
        let mut rng = Rng::new(seed);
        for _ in 0..60 {
            let (mut query, mut expected) = (bus.query(), all.clone());
            if rng.once_in(2) {
                let page = PageId::new(1 + rng.below(40) as u64);
                (query, expected) = (query.page(page), keep(expected, |commit| touches(commit, page)));
            }
            if rng.once_in(2) {
                let some = rng.pick(&all).epoch.get();
                let range = Epoch::new(some)..Epoch::new(some + rng.below(500) as u64);
                query = query.epochs(range.clone());
                expected.retain(|commit| range.contains(&commit.epoch));
            }
            if rng.once_in(3) {
                let tag = rng.pick(&["physics", "ai", "nobody"]);
                query = query.tag(tag);
                expected.retain(|commit| commit.source.tag.as_deref() == Some(tag));
            }
            if rng.once_in(3) {
                let low = rng.below(300) as u64;
                let labels = Label::new(low)..=Label::new(low + 40);
                query = query.label(low..=low + 40);
                expected.retain(|commit| commit.label.is_some_and(|label| labels.contains(&label)));
            }
            if rng.once_in(4) {
                query = query.catalogue();
                expected.retain(|commit| !commit.events.is_empty());
            }
            if rng.once_in(4) {
                let site = rng.pick(&all).source.site.unwrap();
                query = query.site(&*site);
                expected.retain(|commit| commit.source.site.as_ref() == Some(&site));
            }
            assert!(collect(query.clone().run().unwrap()) == expected, "{query:?}");
            expected.reverse();
            assert!(collect(query.clone().newest_first().run().unwrap()) == expected, "{query:?}");
        }
    }
}

fn keep(mut commits: Vec<CommitInfo>, is_wanted: impl Fn(&CommitInfo) -> bool) -> Vec<CommitInfo> {
    commits.retain(is_wanted);
    commits
}

#[test]
fn a_label_is_found_where_it_was_last() {
    let bus = driven(9, 900);
    let all = collect(bus.commits().unwrap());
    let mut found = 0;
    for label in (0..600).map(Label::new) {
        let last = all.iter().rev().find(|commit| commit.label == Some(label)).map(|commit| commit.epoch);
        assert_eq!(bus.at_label(label).ok().map(|past| past.epoch()), last, "{label}");
        found += usize::from(last.is_some());
    }
    assert!(found > 100);
}

#[test]
fn an_empty_range_finds_nothing() {
    let bus = driven(4, 20);
    let none = [
        bus.query().epochs(Epoch::new(5)..Epoch::new(5)).run().unwrap().count(),
        bus.query().label(..0).run().unwrap().count(),
        bus.query().epochs(Epoch::new(9999)..).run().unwrap().count(),
        bus.query().page(PageId::new(1 << 39)).run().unwrap().count(),
    ];
    assert_eq!(none, [0; 4]);
    assert_eq!(bus.query().run().unwrap().count() as u64, bus.epoch().get());
}

#[test]
fn a_report_counts_what_the_commits_say() {
    let bus = driven(5, 700);
    let (all, report) = (collect(bus.commits().unwrap()), bus.log_report().unwrap());
    let sum = |of: fn(&CommitInfo) -> usize| all.iter().map(of).sum::<usize>() as u64;
    let total = report.total;
    assert_eq!(total.commit_count, all.len() as u64);
    assert_eq!(total.run_count, sum(|commit| commit.run_count));
    assert_eq!(total.payload_bytes, sum(|commit| commit.payload_bytes));
    assert_eq!(total.frame_bytes, sum(|commit| commit.frame_bytes));
    assert_eq!(total.label_count, sum(|commit| usize::from(commit.label.is_some())));
    assert_eq!(total.bytes, bus.stats().log_bytes);
    for (tag, number) in &report.tags {
        let used = all.iter().filter(|commit| commit.source.tag.as_deref() == Some(&**tag));
        assert_eq!(*number, used.count() as u64, "{tag}");
    }
    assert_eq!(report.tags.len(), 4);
    let (page, most) = report.pages[0];
    assert_eq!(most, all.iter().filter(|commit| touches(commit, page)).count() as u64);
    let others = (1..60).map(|page| all.iter().filter(|commit| touches(commit, PageId::new(page))).count());
    assert_eq!(others.max(), Some(most as usize));
    assert!(report.pages.is_sorted_by(|(_, a), (_, b)| a >= b) && report.pages.len() == 10);
}

/// Two pages: one that is written all the time, and one that is written 20 times in all.
fn busy(disk: &Arc<Counting>) -> (Bus, PageId) {
    let bus = builder().segment_bytes(1 << 20).create_on(disk.clone(), Path::new("bus")).unwrap();
    let (busy, rare) = (bus.create_page("busy", 1024).unwrap(), bus.create_page("rare", 1024).unwrap());
    for turn in 0..10_000u64 {
        let mut tx = bus.begin().label(turn);
        let bytes: [u8; 900] = std::array::from_fn(|at| (turn as usize * 31 + at * 7) as u8);
        tx.write(busy, 0, bytes).unwrap();
        if turn % 500 == 250 {
            tx.put(rare, 0, &turn).unwrap();
        }
        tx.commit().unwrap();
    }
    (bus, rare)
}

#[test]
fn a_history_reads_little_of_the_log() {
    let disk = Arc::new(Counting::default());
    let (bus, rare) = busy(&disk);
    let log_bytes = bus.stats().log_bytes;
    assert!(log_bytes > 9_000_000);
    // The first time, indexes are made.
    assert_eq!(bus.history(rare).unwrap().count(), 21);
    disk.take();
    assert_eq!(bus.history(rare).unwrap().count(), 21);
    let read = disk.take();
    assert!(read < log_bytes / 3, "{read} of {log_bytes} bytes were read");
    bus.history(rare).unwrap().next().unwrap().unwrap();
    let without = disk.take();
    bus.checkpoint().unwrap();
    disk.take();
    bus.history(rare).unwrap().next().unwrap().unwrap();
    let found = bus.query().page(rare).newest_first().run().unwrap().next().unwrap().unwrap();
    assert_eq!(found.label, Some(Label::new(9750)));
    let read = disk.take();
    assert!(read < log_bytes / 50 + without, "{read} bytes were read");
}

#[test]
fn a_label_is_found_without_reading_the_log() {
    let disk = Arc::new(Counting::default());
    let (bus, _) = busy(&disk);
    bus.checkpoint().unwrap();
    bus.log_report().unwrap();
    disk.take();
    assert!(bus.at_label(20_000u64).is_err());
    let read = disk.take();
    assert!(read < 300_000, "{read} bytes were read");
}

#[test]
fn indexes_outlive_the_bus_and_serve_readers() {
    let disk = Arc::new(Counting::default());
    let (bus, rare) = busy(&disk);
    bus.checkpoint().unwrap();
    bus.log_report().unwrap();
    let log_bytes = bus.stats().log_bytes;
    bus.stop().unwrap();
    let bus = builder().read_on(disk.clone(), Path::new("bus")).unwrap();
    disk.take();
    assert_eq!(bus.query().page(rare).run().unwrap().count(), 21);
    let read = disk.take();
    assert!(read < log_bytes / 3, "{read} of {log_bytes} bytes were read");
}
