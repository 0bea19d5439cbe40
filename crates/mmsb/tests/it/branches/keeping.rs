//! A branch that is kept becomes a bus of its own, whole or not at all.

use std::{path::Path, sync::Arc};

use mmsb::{Builder, Bus, Epoch, Error, PageId, Retention, vfs::MemoryVfs};
use mmsb_testkit::{Driver, agree};
use mmsb_tlog::LogDir;

use super::{PutAndCommit, counted, long_image};

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
            assert_eq!(kept.validate(), [], "violations");
            assert_eq!(mmsb::diff(&kept, &branch).unwrap().pages, []);

            (0..10).for_each(|_| driver.step(&kept));
            agree::live(&kept, driver.model());
            kept.stop().unwrap();
            let reopened = Builder::default().read_on(vfs, path).unwrap();
            agree::live(&reopened, driver.model());
        }
    }
}

/// The file that holds its base goes; the segment that begins there is still needed, and tells of nothing before.
#[test]
fn a_kept_branch_that_has_given_up_its_base_does_not_say_that_it_can_show_it() {
    let (bus, world) = counted(3);
    let (vfs, path) = (Arc::new(MemoryVfs::new()), Path::new("kept"));
    let branch = bus.branch(bus.epoch()).unwrap();
    branch.keep_on(vfs.clone(), path).unwrap();
    let kept = Builder::default().open_on(vfs.clone(), path).unwrap();
    for turn in 0..30u64 {
        kept.put(world, 0, &turn).unwrap();
        kept.checkpoint().unwrap();
    }
    kept.compact_to(Retention::Epochs(0)).unwrap();
    let manifest = LogDir::open(vfs.clone(), path).unwrap().manifest();
    assert_eq!((manifest.segments.len(), manifest.segments[0].segment), (1, 1));
    let oldest = kept.oldest();
    assert!(oldest > branch.base(), "{oldest}");
    kept.stop().unwrap();
    let kept = Builder::default().read_on(vfs, path).unwrap();
    assert_eq!((kept.oldest(), kept.at(oldest).unwrap().epoch()), (oldest, oldest));
    assert!(matches!(kept.at(branch.base()), Err(Error::HistoryGone { .. })));
    assert_eq!(kept.validate(), []);
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
fn a_base_longer_than_any_record_is_kept_whole() {
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
    let manifest = LogDir::open(vfs.clone(), path).unwrap().manifest();
    assert_eq!(manifest.segments[0].first_number, branch.base().get() + 1, "no frame is the base's");
    assert_eq!(manifest.checkpoints.len(), 1);
    let kept = Builder::default().read_on(vfs, path).unwrap();
    assert_eq!(kept.oldest(), branch.base());
    for &page in &pages[1..] {
        assert!(kept.with_page(page, |bytes| bytes == image(page)).unwrap(), "{page}");
        assert_eq!(kept.page_epoch(page).unwrap(), bus.page_epoch(page).unwrap());
    }
    assert_eq!(kept.get::<u8>(pages[0], 0).unwrap(), 7);
}
