//! Pages out of the log against the whole states there were.

use mmsb_types::{Durability, Epoch, PageId};

use crate::{Bus, Error};

/// Eight pages, of which one after the other dies and some come back as nothing; 200 commits.
fn busy_bus() -> Bus {
    let bus = Bus::in_memory().unwrap();
    let pages: Vec<_> = (0..8).map(|index| bus.create_page(None, 16 + index).unwrap()).collect();
    for turn in 0..192usize {
        let mut tx = bus.begin().durability(Durability::Volatile);
        let alive = &pages[turn / 32..];
        for page in alive.iter().skip(turn % 3) {
            tx.write(*page, (turn % 13) as u32, [turn as u8; 3]).unwrap();
        }
        if turn % 32 == 31 {
            tx.delete_page(alive[0]).unwrap();
        }
        tx.commit().unwrap();
    }
    bus
}

#[test]
fn one_pass_gives_what_a_whole_past_gives() {
    let bus = busy_bus();
    let asked: Vec<_> = [9, 3, 1, 5, 3, 8, 1 << 40, 2].map(PageId::new).to_vec();
    for epoch in (0..=200).map(Epoch::new) {
        let past = bus.at(epoch).unwrap();
        let found = bus.journal().pages_at(epoch, &asked).unwrap();
        assert!(found.iter().map(|&(page, _)| page).eq(asked.iter().copied()));
        for (page, state) in found {
            let info = past.pages().find(|info| info.page == page);
            let expect = info.map(|info| (info.epoch, past.bytes(page).unwrap().to_vec()));
            let state = state.map(|(epoch, bytes)| (epoch, bytes.to_vec()));
            assert_eq!(state, expect, "{page} as of {epoch}");
        }
    }
}

#[test]
fn what_the_log_gave_up_is_refused_and_the_rest_is_there() {
    let bus = Bus::builder().history_bytes(64 << 10).in_memory().unwrap();
    let page = bus.create_page(None, 1000).unwrap();
    for count in 2..=2000u64 {
        let mut tx = bus.begin();
        tx.write(page, 0, [7; 100]).unwrap();
        tx.put(page, 500, &count).unwrap();
        tx.commit().unwrap();
    }
    let oldest = bus.oldest();
    for epoch in [oldest, oldest.next(), bus.epoch()] {
        let found = bus.journal().pages_at(epoch, &[page]).unwrap();
        let (changed, bytes) = found[0].1.clone().unwrap();
        assert_eq!((changed, &bytes[500..508]), (epoch, &epoch.get().to_le_bytes()[..]));
    }
    let asked = Epoch::new(oldest.get() - 1);
    let gone = bus.journal().pages_at(asked, &[page]).map(drop);
    let is_told =
        matches!(gone, Err(Error::HistoryGone { asked: a, oldest: o }) if (a, o) == (asked, oldest));
    assert!(is_told, "{gone:?}");
}

#[test]
fn a_bus_that_keeps_nothing_has_no_history() {
    let bus = Bus::builder().volatile().unwrap();
    let page = bus.create_page(None, 8).unwrap();
    let refused = bus.journal().pages_at(bus.epoch(), &[page]).map(drop);
    assert!(matches!(refused, Err(Error::NoHistory)), "{refused:?}");
}
