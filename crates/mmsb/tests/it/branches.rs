//! Branches: what-ifs that are right in themselves, and that their parent never notices.

use std::{path::Path, sync::Arc};

use mmsb::{Branch, Builder, Bus, Durability, Epoch, Error, Label, PageId, vfs::MemoryVfs};
use mmsb_testkit::{Driver, agree};
use mmsb_tlog::LogDir;

/// A bus with a page "world" of 64 bytes, its first eight counting from 1 to `count`.
fn counted(count: u64) -> (Bus, PageId) {
    let bus = Bus::in_memory().unwrap();
    let world = bus.create_page("world", 64).unwrap();
    (1..=count).for_each(|value| _ = bus.begin().label(value).put_and_commit(world, value));
    (bus, world)
}

trait PutAndCommit {
    fn put_and_commit(self, page: PageId, value: u64) -> Epoch;
}

impl PutAndCommit for mmsb::Transaction<'_> {
    fn put_and_commit(mut self, page: PageId, value: u64) -> Epoch {
        self.put(page, 0, &value).unwrap();
        self.commit().unwrap().epoch
    }
}

/// The one door to random branches: each goes its own way from its own epoch, and agrees with its own model.
#[track_caller]
fn check(seed: u64, bus: &Bus, driver: &mut Driver) {
    println!("seed {seed}");
    (0..30).for_each(|_| driver.step(bus));
    let newest = driver.model().epoch().get();
    let bases = [0, newest / 2, newest].map(Epoch::new);
    let mut branches: Vec<(Branch, Driver)> =
        bases.iter().map(|&base| (bus.branch(base).unwrap(), driver.fork(base, seed + base.get()))).collect();
    for _ in 0..15 {
        driver.step(bus);
        for (branch, driver) in &mut branches {
            driver.step(branch);
            agree::branch(branch, driver.model());
        }
    }
    agree::live(bus, driver.model());
    for ((branch, _), base) in branches.iter().zip(bases) {
        assert_eq!(branch.base(), base);
    }
}

/// Bytes that no form but plain bytes holds.
fn long_image(seed: u64, len: u64) -> Vec<u8> {
    let word = |at: u64| (at + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    (0..len / 8).flat_map(word).collect()
}

#[test]
fn branches_of_any_epoch_are_what_the_oracle_says() {
    for seed in 0..6 {
        check(seed, &Bus::in_memory().unwrap(), &mut Driver::new(seed));
    }
}

/// Branches of snapshots, while the parent's commits use up the memory for old pages.
#[track_caller]
fn check_of_snapshots(seed: u64, bus: &Bus) {
    println!("seed {seed}");
    let mut driver = Driver::new(seed);
    let mut branches = Vec::new();
    for round in 0..4 {
        (0..10).for_each(|_| driver.step(bus));
        let snapshot = bus.snapshot();
        branches.push((snapshot.branch().unwrap(), driver.fork(snapshot.epoch(), seed + round)));
        for (branch, driver) in &mut branches {
            (0..4).for_each(|_| driver.step(branch));
            agree::branch(branch, driver.model());
        }
    }
    for ((branch, driver), round) in branches.iter().zip(0..) {
        let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("kept"));
        branch.keep_on(vfs.clone(), path).unwrap();
        let kept = Builder::default().read_on(vfs, path).unwrap();
        agree::live(&kept, driver.model());
        assert_eq!(kept.oldest(), branch.base(), "round {round}");
    }
}

#[test]
fn branches_of_snapshots_are_what_the_oracle_says() {
    for seed in 10..14 {
        check_of_snapshots(seed, &Bus::in_memory().unwrap());
    }
}

#[test]
fn branches_of_aged_snapshots_are_what_the_oracle_says() {
    for seed in 20..24 {
        check_of_snapshots(seed, &Bus::builder().preimage_bytes(0).in_memory().unwrap());
    }
}

#[test]
fn a_kept_branch_is_a_bus_with_its_base_and_its_commits() {
    for seed in 0..4 {
        let (bus, mut driver) = (Bus::in_memory().unwrap(), Driver::new(seed));
        (0..20).for_each(|_| driver.step(&bus));
        for base in [Epoch::ZERO, driver.model().epoch()] {
            let (branch, mut driver) = (bus.branch(base).unwrap(), driver.fork(base, seed));
            (0..15).for_each(|_| driver.step(&branch));
            let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("kept"));
            branch.keep_on(vfs.clone(), path).unwrap();
            let kept = Builder::default().open_on(vfs.clone(), path).unwrap();
            agree::live(&kept, driver.model());
            assert_eq!(kept.oldest(), base);
            for epoch in base.get()..=driver.model().epoch().get() {
                agree::past(&kept.at(Epoch::new(epoch)).unwrap(), driver.model());
            }
            assert_eq!(kept.check(), [], "violations");
            assert_eq!(mmsb::diff(&kept, &branch).unwrap().pages, []);

            (0..10).for_each(|_| driver.step(&kept));
            agree::live(&kept, driver.model());
            kept.stop().unwrap();
            let reopened = Builder::default().read_on(vfs, path).unwrap();
            agree::live(&reopened, driver.model());
        }
    }
}

#[test]
fn a_branch_goes_on_from_its_base_and_its_parent_never_sees_it() {
    let (bus, world) = counted(5);
    let base = bus.at_label(3).unwrap().epoch();
    let branch = bus.branch(base).unwrap();
    assert_eq!((branch.get::<u64>(world, 0).unwrap(), branch.label().unwrap()), (3, Some(Label::new(3))));
    let committed = branch.begin().label(7).put_and_commit(world, 70);
    assert_eq!((committed, branch.epoch(), branch.base()), (base.next(), base.next(), base));
    assert_eq!(branch.label().unwrap(), Some(Label::new(7)));
    assert_eq!(branch.write(world, 0, []).unwrap().reached, Durability::Volatile);
    assert_eq!(branch.label().unwrap(), None, "the newest commit has none");
    assert_eq!((bus.get::<u64>(world, 0).unwrap(), branch.get::<u64>(world, 0).unwrap()), (5, 70));
}

#[test]
fn a_branch_outlives_its_bus() {
    let (bus, world) = counted(2);
    let branch = bus.branch(bus.epoch()).unwrap();
    bus.stop().unwrap();
    branch.put(world, 8, &9u64).unwrap();
    assert_eq!((branch.get::<u64>(world, 0).unwrap(), branch.get::<u64>(world, 8).unwrap()), (2, 9));
}

#[test]
fn older_pages_are_compared_by_id_and_newer_ones_by_name() {
    let (bus, world) = counted(1);
    let branch = bus.branch(bus.epoch()).unwrap();
    let mine = branch.create_page("late", 8).unwrap();
    assert_eq!(mine, bus.create_page(None, 16).unwrap(), "ids go on from the same one");
    let theirs = bus.create_page("late", 8).unwrap();
    assert_ne!(mine, theirs);
    branch.put(world, 0, &2u64).unwrap();
    branch.put(mine, 0, &1u8).unwrap();
    let told = mmsb::diff(&bus, &branch).unwrap().to_string();
    insta::assert_snapshot!(told, @r#"
    e4 and e5 differ in 3 pages
      page:1 "world", written by e2 / e4:
        0+1: 01 -> 02
      page:2 (16 bytes) only on the left
      page:3 "late", written by e4 / e5:
        0+1: 00 -> 01
    "#);
}

#[test]
fn what_a_transaction_read_must_still_be_so() {
    let (bus, world) = counted(1);
    let branch = bus.branch(bus.epoch()).unwrap();
    let mut slow = branch.begin();
    let read: u64 = slow.get(world, 0).unwrap();
    slow.put(world, 8, &read).unwrap();
    branch.put(world, 0, &2u64).unwrap();
    assert!(matches!(slow.commit(), Err(Error::Conflict { page }) if page == world));
    let mut expecting = branch.begin();
    expecting.expect_epoch(world, branch.base()).unwrap();
    assert!(matches!(expecting.commit(), Err(Error::Conflict { .. })));
    assert_eq!(branch.get::<u64>(world, 8).unwrap(), 0, "nothing of them happened");
}

#[test]
fn names_are_the_branchs_own() {
    let (bus, world) = counted(1);
    let branch = bus.branch(bus.epoch()).unwrap();
    assert!(matches!(branch.create_page("world", 8), Err(Error::NameTaken { page, .. }) if page == world));
    branch.delete_page(world).unwrap();
    assert!(matches!(branch.get::<u64>(world, 0), Err(Error::PageNotFound { .. })));
    let other = branch.create_page("world", 8).unwrap();
    assert_eq!((branch.page("world").unwrap(), bus.page("world")), (Some(other), Some(world)));
}

#[test]
fn a_full_branch_says_so_and_stays_as_it_is() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 16 << 20).unwrap();
    let branch = bus.branch(bus.epoch()).unwrap();
    for turn in 1..=3 {
        branch.capture(page, long_image(turn, 16 << 20)).unwrap();
    }
    let last = branch.epoch();
    let refused = branch.capture(page, long_image(4, 16 << 20));
    assert!(matches!(refused, Err(Error::Busy { .. })), "{refused:?}");
    assert_eq!((branch.epoch(), branch.frame_bytes() <= 64 << 20), (last, true));
    assert!(branch.with_page(page, |bytes| bytes == long_image(3, 16 << 20)).unwrap());
    assert!(branch.put(page, 0, &1u8).is_ok(), "what fits goes on");
}

#[test]
fn keeping_replaces_nothing_and_leaves_nothing_half_made() {
    let (bus, world) = counted(3);
    let branch = bus.branch(bus.epoch()).unwrap();
    branch.begin().tag("what if").put_and_commit(world, 9);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.mmsb");
    let kept = branch.keep(&path).unwrap();
    let told = kept.history(world).unwrap().next().unwrap().unwrap();
    assert_eq!(told.source.tag.as_deref(), Some("what if"));
    let before = kept.at(Epoch::new(1)).unwrap_err();
    assert!(matches!(before, Error::HistoryGone { oldest, .. } if oldest == branch.base()), "{before:?}");
    let again = branch.keep(&path).unwrap_err();
    assert!(matches!(again, Error::AlreadyExists { .. }), "{again:?}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    drop(kept);
    assert_eq!(mmsb::verify(&path).unwrap().log.bad, []);
}

#[test]
fn a_base_of_many_frames_is_kept_whole() {
    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("kept"));
    let bus = Bus::builder().record_bytes_max(1 << 18).in_memory().unwrap();
    let pages: Vec<PageId> = (0..20).map(|_| bus.create_page(None, 40_000).unwrap()).collect();
    let image = |page: PageId| long_image(page.get(), 40_000);
    for &page in &pages {
        bus.capture(page, image(page)).unwrap();
    }
    let branch = bus.branch(bus.epoch()).unwrap();
    branch.put(pages[0], 0, &7u8).unwrap();
    branch.keep_on(vfs.clone(), path).unwrap();
    let dir = LogDir::open(vfs.clone(), path).unwrap();
    assert!(dir.segment().first_number + 5 < branch.base().get(), "one frame for about 64 KiB");
    let kept = Builder::default().read_on(vfs, path).unwrap();
    assert_eq!(kept.oldest(), branch.base());
    for &page in &pages[1..] {
        assert!(kept.with_page(page, |bytes| bytes == image(page)).unwrap(), "{page}");
        assert_eq!(kept.page_epoch(page).unwrap(), bus.page_epoch(page).unwrap());
    }
    assert_eq!(kept.get::<u8>(pages[0], 0).unwrap(), 7);
}
