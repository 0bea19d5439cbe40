//! What a bus tells of its commits: as they happen, and again from the log.

mod ends;
mod filters;
mod graphs;
mod slow;
mod threads;

use std::{ops::RangeBounds, path::Path, sync::Arc};

use mmsb::{Bus, CheckpointEvery, Epoch, Error, Event, EventFilter, News, Subscription, vfs::MemoryVfs};
use mmsb_testkit::Driver;

fn builder() -> mmsb::Builder {
    Bus::builder().segment_bytes(64 << 10).checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None)
}

/// A bus on a disk in memory, its log in many files.
fn on(disk: &MemoryVfs) -> Bus {
    builder().sites(true).create_on(Arc::new(disk.clone()), Path::new("bus")).unwrap()
}

/// The event, where nothing may be missed.
#[track_caller]
fn event(news: News) -> Event {
    match news {
        News::Event(event) => event,
        missed @ News::Missed { .. } => panic!("{missed:?}"),
    }
}

/// All that is there by now.
#[track_caller]
fn heard(news: &mut Subscription) -> Vec<Event> {
    let mut heard = Vec::new();
    while let Some(next) = news.try_next().unwrap() {
        heard.push(event(next));
    }
    heard
}

#[track_caller]
fn read_again(bus: &Bus, epochs: impl RangeBounds<Epoch>) -> Vec<Event> {
    bus.events(epochs).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn an_event_is_a_line() {
    let bus = Bus::in_memory().unwrap();
    let mut tx = bus.begin().label(7).tag("setup");
    let page = tx.create_page("world", 64).unwrap();
    tx.write(page, 3, b"abc").unwrap();
    tx.write(page, 40, b"x").unwrap();
    tx.commit().unwrap();
    let other = bus.create_page(None, 8).unwrap();
    bus.rewind(Epoch::new(1)).unwrap();
    let lines: Vec<_> = read_again(&bus, ..).iter().map(Event::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    e1 label:7 by setup; page:1 created with 64 bytes named "world"; page:1 3+3 40+1
    e2; page:2 created with 8 bytes
    e3 by rewind to e1; page:2 deleted
    "#);
    assert_eq!(other.get(), 2);
}

#[test]
fn a_subscriber_hears_what_the_log_tells_again_and_a_reader_of_the_files_too() {
    let disk = MemoryVfs::new();
    let bus = on(&disk);
    let mut driver = Driver::with_short_pages(5);
    (0..50).for_each(|_| driver.step(&bus));
    let mut news = bus.subscribe(EventFilter::all()).unwrap();
    let (start, mut told) = (news.epoch().get(), Vec::new());
    for turn in 0..900 {
        driver.step(&bus);
        if turn % 7 == 0 {
            told.extend(heard(&mut news));
        }
        if turn % 300 == 200 {
            driver.rewind(&bus, 40);
        }
    }
    told.extend(heard(&mut news));
    let epochs: Vec<_> = told.iter().map(|event| event.epoch.get()).collect();
    assert_eq!(epochs, (start + 1..=bus.epoch().get()).collect::<Vec<_>>());
    assert!(told == read_again(&bus, Epoch::new(start + 1)..));
    assert!(told.iter().any(|event| event.rewinds_to.is_some() && event.source.site.is_some()));
    assert!(bus.log_report().unwrap().segments.len() > 2);
    bus.stop().unwrap();
    let reader = builder().read_on(Arc::new(disk), Path::new("bus")).unwrap();
    assert!(told == read_again(&reader, Epoch::new(start + 1)..));
    assert!(matches!(reader.subscribe(EventFilter::all()), Err(Error::ReadOnly)));
}

#[test]
fn what_is_visible_is_told_before_it_is_durable() {
    let bus = builder().create_on(Arc::new(MemoryVfs::new()), Path::new("bus")).unwrap();
    let page = bus.create_page(None, 8).unwrap();
    let mut news = bus.subscribe(EventFilter::all()).unwrap();
    bus.put(page, 0, &1u64).unwrap();
    assert_eq!(heard(&mut news).len(), 1);
    assert!(bus.stats().log.durable < bus.epoch());
}

#[test]
fn a_range_is_told_from_its_first_commit_to_the_newest_or_not_at_all() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 8).unwrap();
    for value in 0..9u64 {
        bus.put(page, 0, &value).unwrap();
    }
    let count = |from, to| read_again(&bus, Epoch::new(from)..=Epoch::new(to)).len();
    assert_eq!((count(0, 3), count(4, 4), count(9, 99), count(11, 99)), (3, 1, 2, 0));
    let nothing = Bus::builder().volatile().unwrap();
    assert!(matches!(nothing.subscribe(EventFilter::all()), Err(Error::NoHistory)));
}
