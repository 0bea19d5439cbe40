//! Rewinds that are refused change nothing.

use mmsb::{Bus, Epoch, Error};

#[test]
fn what_cannot_be_reached_is_refused_and_changes_nothing() {
    let bus = Bus::builder().undo(4, 1 << 20).volatile().unwrap();
    let page = bus.create_page("page", 8).unwrap();
    (1..=9_u64).for_each(|value| _ = bus.put(page, 0, &value).unwrap());
    let newest = bus.epoch();
    let ahead = bus.rewind(newest.next());
    assert!(matches!(ahead, Err(Error::EpochAhead { newest: told, .. }) if told == newest), "{ahead:?}");
    let gone = bus.rewind(Epoch::new(newest.get() - 5));
    let oldest = Epoch::new(newest.get() - 4);
    assert!(matches!(gone, Err(Error::HistoryGone { oldest: told, .. }) if told == oldest), "{gone:?}");
    assert_eq!((bus.epoch(), bus.get::<u64>(page, 0).unwrap()), (newest, 9));
    bus.rewind(oldest).unwrap();
    assert_eq!(bus.get::<u64>(page, 0).unwrap(), 5);
}

#[test]
fn a_record_that_would_be_too_large_is_refused_and_changes_nothing() {
    for builder in [Bus::builder(), Bus::builder().undo(0, 0)] {
        let bus = builder.record_bytes_max(4096).in_memory().unwrap();
        let pages: Vec<_> = (0..4).map(|_| bus.create_page(None, 1500).unwrap()).collect();
        let noise: Vec<u8> = (0..1500_u32).map(|at| (at * at / 7) as u8).collect();
        pages.iter().for_each(|&page| _ = bus.capture(page, &noise).unwrap());
        let full = bus.epoch();
        pages.iter().for_each(|&page| _ = bus.capture(page, vec![1; 1500]).unwrap());
        let newest = bus.epoch();
        let refused = bus.rewind(full);
        assert!(matches!(refused, Err(Error::RecordTooLarge { limit: 4096, .. })), "{refused:?}");
        assert_eq!(bus.epoch(), newest);
        assert!(bus.with_page(pages[0], |bytes| bytes == [1; 1500]).unwrap());
        bus.rewind(Epoch::new(newest.get() - 2)).unwrap();
        assert!(bus.with_page(pages[3], |bytes| bytes == noise).unwrap());
        assert_eq!(bus.check(), []);
    }
}

#[test]
fn only_a_bus_that_takes_commits_can_be_rewound() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let bus = Bus::create(&path).unwrap();
    let epoch = bus.write(bus.create_page(None, 8).unwrap(), 0, b"x").unwrap().epoch;
    let reader = Bus::open_read_only(&path).unwrap();
    assert!(matches!(reader.rewind(epoch), Err(Error::ReadOnly)));
    let other = bus.clone();
    bus.stop().unwrap();
    assert!(matches!(other.rewind(epoch), Err(Error::Stopped)));
}
