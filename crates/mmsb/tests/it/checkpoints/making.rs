//! Making checkpoints, and opening from them.

mod opening;

use mmsb::{Bus, Epoch, Error};

use super::Disk;

#[test]
fn only_what_changed_is_written_and_every_ninth_is_full() {
    let disk = Disk::new();
    let bus = disk.create();
    let pages: Vec<_> = (0..50).map(|_| bus.create_page(None, 100).unwrap()).collect();
    bus.checkpoint().unwrap();
    let mut told = Vec::new();
    for turn in 0..17usize {
        bus.put(pages[turn], 0, &1u8).unwrap();
        bus.put(pages[turn + 20], 0, &2u8).unwrap();
        let made = bus.checkpoint().unwrap();
        told.push(if made.is_full { "full".to_owned() } else { made.page_count.to_string() });
    }
    assert_eq!(told.join(" "), "2 2 2 2 2 2 2 2 full 2 2 2 2 2 2 2 2");
    let again = bus.checkpoint().unwrap();
    assert_eq!((again.epoch, again.page_count), (bus.epoch(), 0), "there is one of this state");
    assert_eq!(bus.stats().checkpoints.made_count, 18);
    drop(bus);
    let bus = disk.open();
    assert!((0..17).all(|turn| bus.get::<u8>(pages[turn + 20], 0).unwrap() >= 1));
    assert_eq!(bus.check(), []);
}

#[test]
fn pages_that_end_and_come_back_are_in_the_increment() {
    let disk = Disk::new();
    let bus = disk.create();
    let page = bus.create_page("it", 64).unwrap();
    let before = bus.put(page, 0, &5u8).unwrap().epoch;
    bus.checkpoint().unwrap();
    bus.delete_page(page).unwrap();
    assert_eq!(bus.checkpoint().unwrap().page_count, 0);
    bus.rewind(before).unwrap();
    assert_eq!(bus.checkpoint().unwrap().page_count, 1);
    drop(bus);
    let bus = disk.open();
    assert_eq!((bus.page("it"), bus.get::<u8>(page, 0).unwrap()), (Some(page), 5));
    assert_eq!(bus.check(), []);
}

#[test]
fn progress_is_told_and_ends_where_the_pages_end() {
    let disk = Disk::new();
    let bus = disk.create();
    for _ in 0..20 {
        let page = bus.create_page(None, 300_000).unwrap();
        bus.put(page, 0, &1u8).unwrap();
    }
    let mut told = Vec::new();
    let made = bus.checkpoint_with(|progress| told.push(progress)).unwrap();
    assert!(told.len() >= 4 && told.is_sorted_by_key(|progress| progress.page_bytes), "{told:?}");
    assert!(told.iter().all(|told| told.epoch == made.epoch && told.page_total == 20), "{told:?}");
}

#[test]
fn a_bus_that_stops_ends_a_checkpoint_under_way_and_leaves_nothing_of_it() {
    let disk = Disk::new();
    let bus = disk.create();
    for _ in 0..20 {
        let page = bus.create_page(None, 300_000).unwrap();
        bus.put(page, 0, &1u8).unwrap();
    }
    let handle = bus.clone();
    let (begun, stopping) = std::sync::mpsc::channel();
    let ended = std::thread::scope(|scope| {
        let ended = scope.spawn(|| {
            handle.checkpoint_with(|_| {
                let _ = begun.send(());
                while !matches!(handle.begin().commit(), Err(Error::Stopped)) {}
            })
        });
        stopping.recv().unwrap();
        bus.stop().unwrap();
        ended.join().unwrap()
    });
    assert!(matches!(ended, Err(Error::Stopped)), "{ended:?}");
    assert!(disk.files().iter().all(|name| !name.contains("ckpt")), "{:?}", disk.files());
    assert_eq!(disk.open().check(), []);
}

#[test]
fn where_no_checkpoint_can_be_it_is_refused() {
    let memory = Bus::in_memory().unwrap();
    assert!(matches!(memory.checkpoint(), Err(Error::NoDirectory)));
    assert!(matches!(memory.tag("x", Epoch::ZERO), Err(Error::NoDirectory)));
    assert!(matches!(memory.compact(), Err(Error::NoDirectory)));
    let disk = Disk::new();
    let bus = disk.create();
    bus.create_page(None, 8).unwrap();
    let reader = disk.read().unwrap();
    assert!(matches!(reader.checkpoint(), Err(Error::ReadOnly)));
    let handle = bus.clone();
    bus.stop().unwrap();
    assert!(matches!(handle.checkpoint(), Err(Error::Stopped)));
    assert!(matches!(handle.tag("x", Epoch::ZERO), Err(Error::Stopped)));
    assert!(matches!(handle.compact(), Err(Error::Stopped)));
}

trait PutAndCommit {
    fn put_and_commit(self, page: mmsb::PageId, value: u8);
}

impl PutAndCommit for mmsb::Transaction<'_> {
    fn put_and_commit(mut self, page: mmsb::PageId, value: u8) {
        self.put(page, 0, &value).unwrap();
        self.commit().unwrap();
    }
}
