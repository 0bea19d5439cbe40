//! History is given up while others read it.

use mmsb::{Bus, Error, ToView};

use super::{commit_count, trimmed};

#[test]
fn a_history_that_is_given_up_under_its_reader_says_so() {
    let bus = trimmed();
    let page = bus.page("count").unwrap();
    let newest = bus.epoch().get();
    let mut history = bus.history(page).unwrap();
    let mut commits = bus.commits().unwrap();
    for count in 2001..=9000 {
        commit_count(&bus, page, count);
    }
    // The newest changes were read when it was made: they come, without a hole, and then the error.
    let mut told = Vec::new();
    let gone = history.find_map(|change| change.map(|change| told.push(change.epoch.get())).err());
    assert!(matches!(gone, Some(Error::HistoryGone { asked, oldest }) if asked < oldest), "{gone:?}");
    assert!(told.iter().copied().eq((0..=newest).rev().take(told.len())), "{told:?}");
    assert!(history.next().is_none(), "an error ends it");
    assert!(matches!(commits.find(Result::is_err), Some(Err(Error::HistoryGone { .. }))));
    assert_eq!(bus.check(), []);
}

#[test]
fn trimming_holds_up_no_reader_of_the_past() {
    let bus = Bus::builder().history_bytes(32 << 10).in_memory().unwrap();
    let page = bus.create_page(None, 600).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for count in 1..5000u64 {
                commit_count(&bus, page, count);
            }
        });
        while !writer.is_finished() {
            let epoch = bus.epoch();
            match bus.at(epoch) {
                Ok(past) => assert_eq!(past.epoch(), epoch),
                Err(Error::HistoryGone { asked, oldest }) => assert!(asked == epoch && oldest > asked),
                Err(error) => panic!("{error:?}"),
            }
            match bus.history(page) {
                Ok(history) => history.take_while(Result::is_ok).for_each(drop),
                Err(error) => assert!(matches!(error, Error::HistoryGone { .. }), "{error:?}"),
            }
        }
    });
    assert_eq!(bus.check(), []);
}

#[test]
fn the_newest_state_can_be_seen_however_much_is_written_meanwhile() {
    let bus = Bus::builder().history_bytes(0).in_memory().unwrap();
    let page = bus.create_page(None, 600).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for count in 1..5000u64 {
                commit_count(&bus, page, count);
            }
        });
        while !writer.is_finished() {
            let newest = bus.epoch();
            assert!(bus.to_view().unwrap().epoch() >= newest);
        }
    });
    assert_eq!(bus.to_view().unwrap().epoch(), bus.epoch());
}
