//! A bus in memory keeps its newest history within bounds, and says so where that ends.

mod threads;

use mmsb::{Bus, Durability, Epoch, Error, PageId};

/// A bus that keeps little, with more commits than it keeps: page 1 holds the number of its epoch.
fn trimmed() -> Bus {
    let bus = Bus::builder().history_bytes(64 << 10).in_memory().unwrap();
    let page = bus.create_page("count", 1000).unwrap();
    for count in 2..=2000u64 {
        commit_count(&bus, page, count);
    }
    bus
}

fn commit_count(bus: &Bus, page: PageId, count: u64) {
    let mut tx = bus.begin().label(count).tag(format!("tag {}", count % 7));
    tx.put(page, (count % 100) as u32, &count).unwrap();
    tx.put(page, 500, &count).unwrap();
    assert_eq!(tx.commit().unwrap().reached, Durability::Volatile, "nothing in memory is written");
}

#[test]
fn every_state_from_the_oldest_on_can_be_shown() {
    let bus = trimmed();
    let (oldest, page) = (bus.oldest(), bus.page("count").unwrap());
    assert!(oldest > Epoch::new(1) && oldest < bus.epoch(), "{oldest} of {}", bus.epoch());
    for epoch in [oldest, oldest.next(), bus.epoch()] {
        let past = bus.at(epoch).unwrap();
        assert_eq!(past.get::<u64>(page, 500).unwrap(), epoch.get());
        assert_eq!(bus.at_label(epoch.get()).unwrap().epoch(), epoch, "the oldest one's label, too");
    }
    assert_eq!(bus.stats().oldest, oldest);
    assert_eq!(bus.check(), []);
}

#[test]
fn what_is_older_is_gone_and_the_numbers_say_what_is_left() {
    let bus = trimmed();
    let oldest = bus.oldest();
    for asked in [Epoch::ZERO, Epoch::new(oldest.get() - 1)] {
        let refused = bus.at(asked);
        let is_told =
            matches!(refused, Err(Error::HistoryGone { asked: a, oldest: o }) if (a, o) == (asked, oldest));
        assert!(is_told, "{refused:?}");
    }
    let gone = bus.at_label(oldest.get() - 1);
    assert!(matches!(gone, Err(Error::LabelNotFound { .. })), "{gone:?}");
}

#[test]
fn history_and_commits_begin_behind_the_oldest_state() {
    let bus = trimmed();
    let (oldest, page) = (bus.oldest(), bus.page("count").unwrap());
    let epochs: Vec<_> = bus.history(page).unwrap().map(|change| change.unwrap().epoch.get()).collect();
    assert!(epochs.iter().copied().eq((oldest.get() + 1..=2000).rev()));
    let commits: Vec<_> = bus.commits().unwrap().map(Result::unwrap).collect();
    assert_eq!(commits[0].epoch, oldest.next());
    let tag = format!("tag {}", commits[0].epoch.get() % 7);
    assert_eq!(commits[0].source.tag, Some(tag), "texts outlive the commit that defined them");
}

#[test]
fn a_bus_that_keeps_no_bytes_shows_its_newest_state() {
    let bus = Bus::builder().history_bytes(0).in_memory().unwrap();
    let page = bus.create_page(None, 8).unwrap();
    for count in 0..50u64 {
        let epoch = bus.put(page, 0, &count).unwrap().epoch;
        assert_eq!(bus.at(epoch).unwrap().get::<u64>(page, 0).unwrap(), count);
    }
    assert_eq!(bus.oldest(), bus.epoch());
    assert_eq!(bus.check(), []);
}

#[test]
fn a_bus_without_history_says_so() {
    let bus = Bus::builder().volatile().unwrap();
    let page = bus.create_page(None, 1).unwrap();
    assert!(matches!(bus.at(bus.epoch()), Err(Error::NoHistory)));
    assert!(matches!(bus.history(page).map(drop), Err(Error::NoHistory)));
    assert!(matches!(bus.commits().map(drop), Err(Error::NoHistory)));
    assert_eq!(bus.check(), []);
    bus.stop().unwrap();
}
