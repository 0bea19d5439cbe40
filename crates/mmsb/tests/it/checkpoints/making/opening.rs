//! A bus opens from its checkpoint and the log behind it.

use mmsb::{Epoch, Error};

use super::{super::Disk, PutAndCommit};

#[test]
fn a_bus_opens_from_its_checkpoint_and_the_log_behind_it() {
    let disk = Disk::new();
    let bus = disk.create();
    let (world, gone) = (bus.create_page("world", 5000).unwrap(), bus.create_page("gone", 8).unwrap());
    bus.begin().tag("first").label(7).put_and_commit(world, 1);
    let made = bus.checkpoint().unwrap();
    assert_eq!((made.epoch, made.is_full, made.page_count, made.page_bytes), (Epoch::new(3), true, 2, 5008));
    bus.begin().tag("second").put_and_commit(world, 2);
    bus.delete_page(gone).unwrap();
    drop(bus);
    let bus = disk.open();
    assert_eq!((bus.epoch(), bus.page("world"), bus.page("gone")), (Epoch::new(5), Some(world), None));
    assert_eq!(bus.get::<u8>(world, 0).unwrap(), 2);
    assert_eq!(bus.at(Epoch::new(3)).unwrap().label(), Some(7.into()));
    let sources: Vec<_> = bus.commits().unwrap().map(|commit| commit.unwrap().source.tag).collect();
    assert_eq!(sources, [None, None, Some("first".into()), Some("second".into()), None]);
    assert_eq!(bus.create_page(None, 8).unwrap().get(), gone.get() + 1, "ids are never given out again");
    assert_eq!(bus.check(), []);
}

#[test]
fn a_log_before_the_checkpoint_is_not_read_to_open() {
    let disk = Disk::new();
    let (bus, page) = disk.checkpointed(1, 300);
    bus.put(page, 0, &1u8).unwrap();
    drop(bus);
    disk.damage("seg-1");
    let bus = disk.open();
    assert_eq!(bus.get::<u8>(page, 0).unwrap(), 1);
    let past = bus.at(Epoch::new(200)).unwrap_err();
    assert!(matches!(past, Error::Corrupt { .. }), "{past:?}");
}
