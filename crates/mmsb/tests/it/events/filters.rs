//! Which events pass: a filter leaves out whole events, and changes none.

use mmsb::{Event, EventFilter, PageId, vfs::MemoryVfs};
use mmsb_testkit::{Driver, Rng};

use super::{heard, on, read_again};

/// Makes a filter of random conditions.
fn any(rng: &mut Rng) -> EventFilter {
    let mut filter = EventFilter::all();
    for _ in 0..rng.below(3) {
        filter = filter.page(PageId::new(1 + rng.below(30) as u64));
    }
    if rng.once_in(3) {
        filter = filter.tag(rng.pick(&["physics", "ai", "nobody"]));
    }
    if rng.once_in(3) {
        let low = rng.below(300) as u64;
        filter = filter.label(low..low + 90);
    }
    if rng.once_in(4) { filter.catalogue() } else { filter }
}

#[test]
fn a_filtered_subscriber_hears_what_passes_of_everything() {
    let (bus, mut rng) = (on(&MemoryVfs::new()), Rng::new(3));
    let filters: Vec<_> = (0..12).map(|_| any(&mut rng)).collect();
    let subscribe = |filter: &EventFilter| bus.subscribe(filter.clone()).unwrap();
    let mut all: Vec<_> = filters.iter().map(subscribe).collect();
    let mut driver = Driver::with_short_pages(8);
    (0..400).for_each(|_| driver.step(&bus));
    let events = read_again(&bus, ..);
    let mut passed = 0;
    for (filter, news) in filters.iter().zip(&mut all) {
        let expected: Vec<_> = events.iter().filter(|event| filter.passes(event)).cloned().collect();
        passed += expected.len();
        assert!(heard(news) == expected, "{filter:?}");
        assert_eq!(news.epoch(), bus.epoch(), "what does not pass is dealt with, too");
    }
    assert!(passed > 0 && passed < 12 * events.len());
}

#[test]
fn a_condition_more_lets_less_pass_and_a_page_more_lets_more_pass() {
    let (bus, mut rng) = (on(&MemoryVfs::new()), Rng::new(4));
    let mut driver = Driver::with_short_pages(9);
    (0..300).for_each(|_| driver.step(&bus));
    let events = read_again(&bus, ..);
    let page = PageId::new(2);
    for filter in (0..40).map(|_| any(&mut rng).page(PageId::new(1))) {
        for event in &events {
            let is_let = [filter.clone().graph(), filter.clone().catalogue()].map(|less| less.passes(event));
            let has = [!event.graph.is_empty(), !event.catalogue.is_empty()];
            assert_eq!(is_let, has.map(|has| has && filter.passes(event)));
            assert!(!filter.passes(event) || filter.clone().page(page).passes(event));
        }
    }
    let is_found = |event: &&Event| {
        let is_changed = event.catalogue.iter().any(|event| event.page() == page);
        let passes = EventFilter::all().page(page).passes(event);
        assert_eq!(passes, is_changed || event.touches(page));
        is_changed || event.pages().contains(&page)
    };
    assert_eq!(events.iter().filter(is_found).count(), bus.query().page(page).run().unwrap().count());
}
