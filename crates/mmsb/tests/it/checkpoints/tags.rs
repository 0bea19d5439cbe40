//! Tags: names for states that stay.

use mmsb::{Epoch, Error, Retention};

use super::{Disk, fill_log};

#[test]
fn a_tagged_state_stays_when_those_around_it_go() {
    let disk = Disk::new();
    let bus = disk.create();
    let page = bus.create_page("page", 4000).unwrap();
    fill_log(&bus, page, 200);
    let tagged = bus.put(page, 2000, &7u64).unwrap().epoch;
    bus.tag("seven", tagged).unwrap();
    fill_log(&bus, page, 400);
    let before = bus.compact_to(Retention::Epochs(50)).unwrap();
    assert!(before.segment_count > 0 && before.oldest > tagged, "{before:?}");
    for bus in [&bus, &disk.read().unwrap()] {
        assert_eq!(bus.at_tag("seven").unwrap().get::<u64>(page, 2000).unwrap(), 7);
        assert_eq!(bus.at(tagged).unwrap().page("page"), Some(page));
        let around = bus.at(tagged.next()).unwrap_err();
        assert!(matches!(around, Error::HistoryGone { oldest, .. } if oldest == before.oldest), "{around:?}");
    }
    drop(bus);
    let bus = disk.open();
    bus.rewind(tagged).unwrap();
    assert_eq!(bus.get::<u64>(page, 2000).unwrap(), 7);
    bus.untag("seven").unwrap();
    // Those made next build on it: it goes once two other chains are there.
    for _ in 0..18 {
        fill_log(&bus, page, 5);
        bus.checkpoint().unwrap();
    }
    bus.compact_to(Retention::Epochs(5)).unwrap();
    assert!(matches!(bus.at(tagged), Err(Error::HistoryGone { .. })));
}

#[test]
fn a_tag_that_is_not_there_is_told_so() {
    let bus = Disk::new().create();
    assert!(matches!(bus.untag("two"), Err(Error::TagNotFound { .. })));
    assert!(matches!(bus.at_tag("two"), Err(Error::TagNotFound { .. })));
}

#[test]
fn names_of_tags_are_unique_and_not_too_long() {
    let disk = Disk::new();
    let bus = disk.create();
    let epoch = bus.put(bus.create_page(None, 8).unwrap(), 0, &1u8).unwrap().epoch;
    let longest = "x".repeat(255);
    bus.tag("one", epoch).unwrap();
    bus.tag(&longest, Epoch::new(1)).unwrap();
    assert!(matches!(bus.tag("one", epoch), Err(Error::TagTaken { epoch: there, .. }) if there == epoch));
    assert!(matches!(bus.tag("", epoch), Err(Error::TagName { bytes: 0 })));
    assert!(matches!(bus.tag(&"x".repeat(256), epoch), Err(Error::TagName { bytes: 256 })));
    assert!(matches!(bus.tag("later", epoch.next()), Err(Error::EpochAhead { .. })));
    let names: Vec<_> = bus.tags().into_iter().map(|tag| (tag.name, tag.epoch)).collect();
    assert_eq!(names, [("one".to_owned(), epoch), (longest, Epoch::new(1))]);
    drop(bus);
    assert_eq!(disk.open().tags().len(), 2);
}

#[test]
fn the_empty_bus_can_be_tagged() {
    let disk = Disk::new();
    let bus = disk.create();
    bus.tag("birth", Epoch::ZERO).unwrap();
    let page = bus.create_page(None, 4000).unwrap();
    fill_log(&bus, page, 300);
    bus.compact_to(Retention::Epochs(10)).unwrap();
    assert!(bus.oldest() > Epoch::ZERO);
    assert_eq!(bus.at_tag("birth").unwrap().pages().count(), 0);
    drop(bus);
    assert_eq!(disk.open().at_tag("birth").unwrap().pages().count(), 0);
}
