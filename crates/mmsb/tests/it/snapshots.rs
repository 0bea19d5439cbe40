//! Snapshots: what they show never changes, whatever is committed, aged, stopped or dropped meanwhile.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use mmsb::{
    Builder, Bus, Durability, Epoch, Error, PageId, Snapshot, View, diff,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_testkit::{Driver, Model, Rng, agree};

/// The least that pre-images can be given: snapshots age after a few commits.
const TINY: u64 = 256 << 10;

/// Takes snapshots on the way and looks at them again and again, until each is dropped at some time; returns how
/// often one that was looked at had aged.
#[track_caller]
fn check(seed: u64, bus: &Bus, steps: usize) -> usize {
    println!("seed {seed}");
    let (mut driver, mut rng) = (Driver::new(seed), Rng::new(seed ^ 0x5eed));
    let (mut held, mut aged_count) = (Vec::<Snapshot>::new(), 0);
    for _ in 0..steps {
        driver.step(bus);
        if rng.once_in(2) {
            held.push(bus.snapshot());
            assert_eq!(held.last().map(Snapshot::epoch), Some(driver.model().epoch()));
        }
        if !held.is_empty() {
            let any = rng.below(held.len());
            aged_count += usize::from(held[any].is_aged());
            agree::snapshot(&held[any], driver.model());
            compare(&held[any], &bus.snapshot(), driver.model());
        }
        if held.len() > 8 {
            held.swap_remove(rng.below(held.len()));
        }
    }
    held.iter().for_each(|snapshot| agree::snapshot(snapshot, driver.model()));
    aged_count
}

/// A diff of two snapshots names just the pages in which the model's states differ.
#[track_caller]
fn compare(left: &Snapshot, right: &Snapshot, model: &Model) {
    let state = |snapshot: &Snapshot| &model.state(snapshot.epoch()).pages;
    let (old, new) = (state(left), state(right));
    let pages: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let content =
        |page: Option<&mmsb_testkit::ModelPage>| page.map(|page| (page.bytes.clone(), page.name.clone()));
    let differ = pages.into_iter().filter(|page| content(old.get(page)) != content(new.get(page)));
    let told = diff(left, right).unwrap();
    assert!(told.pages.iter().map(|diff| diff.page).eq(differ.copied()), "{told}");
}

#[test]
fn snapshots_are_what_the_oracle_says() {
    for seed in 0..3 {
        check(seed, &Bus::in_memory().unwrap(), 60);
    }
}

#[test]
fn snapshots_of_a_bus_that_keeps_nothing_are_what_the_oracle_says() {
    for seed in 10..12 {
        let aged_count = check(seed, &Bus::builder().preimage_bytes(1 << 30).volatile().unwrap(), 100);
        assert_eq!(aged_count, 0, "there is memory enough");
    }
}

#[test]
fn snapshots_that_age_are_what_the_oracle_says() {
    let bus = || Bus::builder().preimage_bytes(TINY).in_memory().unwrap();
    assert!((20..22).map(|seed| check(seed, &bus(), 60)).sum::<usize>() > 0, "no snapshot aged");
}

#[test]
fn snapshots_that_age_on_a_disk_are_what_the_oracle_says() {
    let bus = || {
        let vfs: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
        Bus::builder().preimage_bytes(TINY).create_on(vfs, "bus".as_ref()).unwrap()
    };
    assert!((20..22).map(|seed| check(seed, &bus(), 60)).sum::<usize>() > 0, "no snapshot aged");
}

/// Pages of 4 KiB, each filled with its number.
fn filled(bus: &Bus, count: u8) -> Vec<PageId> {
    let mut tx = bus.begin();
    let pages: Vec<_> = (0..count).map(|_| tx.create_page(None, 4096).unwrap()).collect();
    pages.iter().zip(1..).for_each(|(&page, number)| tx.write(page, 0, [number; 4096]).unwrap());
    tx.commit().unwrap();
    pages
}

/// Writes to all pages again and again.
fn saturate(bus: &Bus, pages: &[PageId], rounds: u8) {
    for round in 0..rounds {
        for &page in pages {
            let mut tx = bus.begin().durability(Durability::Volatile);
            tx.write(page, 0, [100 + round; 4096]).unwrap();
            tx.commit().unwrap();
        }
    }
}

#[track_caller]
fn shows_filled(snapshot: &Snapshot, pages: &[PageId]) {
    let mut numbers = 1..;
    let visit = &mut |page, bytes: &[u8]| assert_eq!(bytes, [numbers.next().unwrap(); 4096], "{page}");
    snapshot.with_pages(pages, visit).unwrap();
}

/// Ages a snapshot under a saturating writer: what it shows is right, and costs one pass, not one a page.
#[track_caller]
fn ages_to_one_pass(bus: &Bus) {
    let pages = filled(bus, 90);
    let snapshot = bus.snapshot();
    saturate(bus, &pages, 3);
    assert!(snapshot.is_aged());
    let passes = || bus.stats().log_pass_count;
    let before = passes();
    shows_filled(&snapshot, &pages);
    assert_eq!(passes() - before, 1, "for the bytes of {} pages", pages.len());
    let mut words = vec![[0u8; 8]; pages.len()];
    let mut reads: Vec<_> =
        pages.iter().zip(&mut words).map(|(&page, word)| (page, 7, word.as_mut_slice())).collect();
    snapshot.read_many(&mut reads).unwrap();
    assert_eq!(passes() - before, 2, "for parts of {} pages", pages.len());
    assert!(words.iter().zip(1..).all(|(word, number)| *word == [number; 8]));
    assert_eq!(snapshot.pages().unwrap().len(), pages.len());
    assert_eq!(passes() - before, 3, "for the list of {} pages", pages.len());
    let told = diff(&snapshot, &bus.snapshot()).unwrap();
    assert_eq!(told.pages.len(), pages.len());
    assert_eq!(passes() - before, 5, "for a diff: a list, and all bytes");
}

#[test]
fn an_aged_snapshot_is_read_from_the_log_in_one_pass() {
    let dir = tempfile::tempdir().unwrap();
    let builder = || Bus::builder().preimage_bytes(TINY);
    ages_to_one_pass(&builder().create(dir.path().join("bus")).unwrap());
    ages_to_one_pass(&builder().in_memory().unwrap());
}

#[test]
fn an_aged_snapshot_that_no_log_reaches_back_to_says_so() {
    let builder = || Bus::builder().preimage_bytes(TINY);
    for bus in [builder().volatile().unwrap(), builder().history_bytes(0).in_memory().unwrap()] {
        let pages = filled(&bus, 90);
        let snapshot = bus.snapshot();
        saturate(&bus, &pages, 6);
        let epoch = snapshot.epoch();
        let is_too_old = |result: Result<(), Error>| matches!(result, Err(Error::SnapshotTooOld { epoch: e }) if e == epoch);
        assert!(is_too_old(snapshot.read(pages[0], 0, &mut [0]).map(drop)));
        assert!(is_too_old(snapshot.with_pages(&pages, &mut |_, _| ())));
        assert!(is_too_old(snapshot.pages().map(drop)));
        assert!(is_too_old(snapshot.page_epoch(pages[0]).map(drop)));
        shows_newest(&bus, &pages);
    }
}

/// A new snapshot is as good as any.
fn shows_newest(bus: &Bus, pages: &[PageId]) {
    let newest = bus.snapshot();
    pages.iter().for_each(|&page| assert_eq!(newest.with_page(page, |bytes| bytes[0]).unwrap(), 105));
}

#[test]
fn a_snapshot_outlives_its_bus() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::builder().preimage_bytes(TINY).create(&path).unwrap();
    let pages = filled(&bus, 90);
    let aged = bus.snapshot();
    saturate(&bus, &pages, 3);
    let fresh = bus.snapshot();
    saturate(&bus, &pages[..2], 1);
    let other = bus.clone();
    bus.stop().unwrap();
    let late = other.snapshot();
    drop(other);
    assert!(aged.is_aged() && !fresh.is_aged());
    // The directory is free: somebody else may write on.
    let again = Bus::open(&path).unwrap();
    saturate(&again, &pages, 1);
    let show = |snapshot: &Snapshot| {
        let mut bytes = BTreeSet::new();
        snapshot
            .with_pages(&pages, &mut |_, page| {
                bytes.insert(page[0]);
            })
            .unwrap();
        bytes.into_iter().collect::<Vec<_>>()
    };
    shows_filled(&aged, &pages);
    assert_eq!(show(&fresh), [102]);
    assert_eq!(show(&late), [100, 102]);
    drop(again);
}

#[test]
fn clones_on_many_threads_show_the_same_however_they_are_dropped() {
    let bus = Bus::in_memory().unwrap();
    let pages = filled(&bus, 60);
    let snapshot = bus.snapshot();
    let start = Barrier::new(5);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (snapshot, start, pages) = (snapshot.clone(), &start, &pages);
            scope.spawn(move || {
                start.wait();
                shows_filled(&snapshot, pages);
                let again = snapshot.clone();
                drop(snapshot);
                shows_filled(&again, pages);
            });
        }
        drop(snapshot);
        start.wait();
        saturate(&bus, &pages, 2);
    });
    assert_eq!(bus.memory().pin_count, 0);
}

#[test]
fn names_and_pages_are_those_of_the_epoch() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page("old", 8).unwrap();
    let named = bus.snapshot();
    let mut tx = bus.begin();
    tx.name_page(page, "new").unwrap();
    let late = tx.create_page("old", 8).unwrap();
    tx.commit().unwrap();
    let renamed = bus.snapshot();
    bus.delete_page(page).unwrap();
    (0..40).for_each(|count| {
        bus.create_page(&*format!("more {count}"), 1).unwrap();
    });
    let asked = |snapshot: &Snapshot| (snapshot.page("old").unwrap(), snapshot.page("new").unwrap());
    assert_eq!(asked(&named), (Some(page), None));
    assert_eq!(asked(&renamed), (Some(late), Some(page)));
    assert_eq!(asked(&bus.snapshot()), (Some(late), None));
    assert_eq!(named.page_name(page).unwrap().as_deref(), Some("old"));
    assert_eq!(named.page_name(late).unwrap(), None);
    assert_eq!(named.label().unwrap(), None);
}

/// Says when a thread ends, well or not, that it is done.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What the race below must not lose: the sum over all pages.
const TOTAL: u64 = 1000;

/// Moves something from one page to another, or a page's all to a newborn page that takes its name, too.
fn transfer(bus: &Bus, rng: &mut Rng) -> Result<(), Error> {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let (from, to) = (rng.below(8), rng.below(8));
    let page = |index: usize| bus.page(names[index]).ok_or(Error::Conflict { page: PageId::FIRST });
    let mut tx = bus.begin().durability(Durability::Volatile);
    let balance: u64 = tx.get(page(from)?, 0)?;
    if rng.once_in(4) {
        tx.delete_page(page(from)?)?;
        let born = tx.create_page(names[from], 8 + rng.below(3000))?;
        tx.put(born, 0, &balance)?;
    } else if from != to {
        let amount = rng.any() % (balance + 1);
        let other: u64 = tx.get(page(to)?, 0)?;
        tx.put(page(from)?, 0, &(balance - amount))?;
        tx.put(page(to)?, 0, &(other + amount))?;
    }
    tx.commit().map(drop)
}

/// Sums over all pages that a snapshot lists.
fn sum_listed(snapshot: &Snapshot) -> u64 {
    let pages: Vec<_> = snapshot.pages().unwrap().iter().map(|info| info.page).collect();
    assert_eq!(pages.len(), 8, "at {}: {pages:?}", snapshot.epoch());
    let mut sum = 0;
    let add = &mut |_, bytes: &[u8]| sum += u64::from_le_bytes(bytes[..8].try_into().unwrap());
    snapshot.with_pages(&pages, add).unwrap();
    sum
}

/// Sums over the pages that a snapshot finds by name.
fn sum_named(snapshot: &Snapshot) -> u64 {
    let balance = |name| snapshot.get::<u64>(snapshot.page(name).unwrap().expect(name), 0).unwrap();
    ["a", "b", "c", "d", "e", "f", "g", "h"].map(balance).iter().sum()
}

/// Two threads move sums between pages, and from dying to newborn ones; every snapshot sees all of it.
#[track_caller]
fn sums_are_constant(bus: &Bus, rounds: u64) {
    let mut tx = bus.begin();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let page = tx.create_page(name, 64).unwrap();
        tx.put(page, 0, &(TOTAL / 8)).unwrap();
    }
    tx.commit().unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|seed| {
                scope.spawn(move || {
                    let mut rng = Rng::new(seed);
                    for _ in 0..rounds {
                        match transfer(bus, &mut rng) {
                            Ok(()) => {}
                            Err(
                                Error::Conflict { .. } | Error::PageNotFound { .. } | Error::NameTaken { .. },
                            ) => thread::yield_now(),
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                let mut old = bus.snapshot();
                while !done.load(Ordering::Relaxed) {
                    let snapshot = bus.snapshot();
                    assert_eq!((sum_named(&snapshot), sum_listed(&snapshot)), (TOTAL, TOTAL), "{snapshot:?}");
                    assert_eq!((sum_named(&old), sum_listed(&old)), (TOTAL, TOTAL), "{old:?} held");
                    if snapshot.epoch().get().is_multiple_of(4) {
                        old = snapshot;
                    }
                }
            });
        }
        let ends: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        ends.into_iter().for_each(|end| end.unwrap());
    });
    assert_eq!(bus.check(), []);
}

#[test]
fn every_snapshot_sees_whole_commits() {
    sums_are_constant(&Bus::builder().preimage_bytes(64 << 20).volatile().unwrap(), 3000);
}

#[test]
fn every_snapshot_sees_whole_commits_also_when_it_ages() {
    sums_are_constant(&Bus::builder().preimage_bytes(TINY).in_memory().unwrap(), 1500);
}

#[test]
fn reads_of_many_pages_see_whole_commits() {
    let bus = Bus::builder().volatile().unwrap();
    let pages: Vec<_> = (0..8).map(|_| bus.create_page(None, 8).unwrap()).collect();
    bus.put(pages[0], 0, &TOTAL).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _done = Done(&done);
            let mut rng = Rng::new(5);
            for _ in 0..5000 {
                let (from, to) = (pages[rng.below(8)], pages[rng.below(8)]);
                let mut tx = bus.begin();
                let balance: u64 = tx.get(from, 0).unwrap();
                let amount = rng.any() % (balance + 1);
                tx.put(from, 0, &(balance - amount)).unwrap();
                let other: u64 = tx.get(to, 0).unwrap();
                tx.put(to, 0, &(other + amount)).unwrap();
                tx.commit().unwrap();
            }
        });
        let mut last = Epoch::ZERO;
        while !done.load(Ordering::Relaxed) {
            let mut words = [[0; 8]; 8];
            let mut reads: Vec<_> =
                pages.iter().zip(&mut words).map(|(&page, word)| (page, 0, &mut word[..])).collect();
            let epoch = bus.read_many(&mut reads).unwrap();
            assert!(epoch >= last);
            last = epoch;
            assert_eq!(words.iter().map(|&word| u64::from_le_bytes(word)).sum::<u64>(), TOTAL, "at {epoch}");
        }
    });
}

#[test]
fn reads_of_many_pages_are_answered_even_if_every_commit_needs_more_memory_than_there_is() {
    let bus = Bus::builder().preimage_bytes(TINY).volatile().unwrap();
    let pages = filled(&bus, 100);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let _done = Done(&done);
                for round in 0..60u8 {
                    let mut tx = bus.begin();
                    pages.iter().for_each(|&page| tx.write(page, 0, [round; 4096]).unwrap());
                    tx.commit().unwrap();
                }
            });
        }
        while !done.load(Ordering::Relaxed) {
            // Each page many times: no read is as quick as a commit.
            let mut bytes = vec![[0u8; 4096]; 2000];
            let reads = pages.iter().cycle().zip(&mut bytes).map(|(&page, to)| (page, 0, &mut to[..]));
            let epoch = bus.read_many(&mut reads.collect::<Vec<_>>()).unwrap();
            let same = bytes.iter().all(|read| *read == bytes[0]);
            assert!(same || epoch == Epoch::new(1), "parts of commits at {epoch}");
        }
    });
}

#[test]
fn a_snapshot_of_a_bus_open_for_reading_shows_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::create(dir.path().join("bus")).unwrap();
    let pages = filled(&bus, 3);
    let reader = Builder::default().open_read_only(dir.path().join("bus")).unwrap();
    saturate(&bus, &pages, 1);
    let snapshot = reader.snapshot();
    shows_filled(&snapshot, &pages);
    let missing = snapshot.read(PageId::new(99), 0, &mut [0]);
    assert!(matches!(missing, Err(Error::PageNotFound { .. })));
    drop((bus, reader));
    shows_filled(&snapshot, &pages);
}

#[test]
fn old_names_are_kept_for_those_who_look_and_for_nobody_else() {
    let bus = Bus::in_memory().unwrap();
    let create = |count: u32| (0..count).for_each(|_| _ = bus.create_page(None, 1).unwrap());
    let versions = || bus.memory().catalogue_version_count;
    create(50);
    assert_eq!(versions(), 1, "the one before the newest");
    let held = [bus.snapshot(), bus.snapshot().clone()];
    create(50);
    let later = bus.snapshot();
    create(50);
    assert_eq!((versions(), bus.memory().pin_count), (3, 3));
    assert_eq!(bus.memory().oldest_pin, Some(held[0].epoch()));
    drop((held, later));
    create(1);
    assert_eq!((versions(), bus.memory().oldest_pin), (1, None));
}
