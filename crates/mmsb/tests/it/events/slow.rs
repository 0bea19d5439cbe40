//! Who is slow: what he misses is told, and may be read again.

use mmsb::{Bus, Durability, Epoch, Error, EventFilter, News, vfs::MemoryVfs};

use super::{heard, on, read_again};

fn write(bus: &Bus, count: u64) {
    let page = bus.page("counter").unwrap_or_else(|| bus.create_page("counter", 8).unwrap());
    for value in 0..count {
        let mut tx = bus.begin().durability(Durability::Volatile).tag("counting");
        tx.put(page, 0, &value).unwrap();
        tx.commit().unwrap();
    }
}

fn missed(from: u64, to: u64) -> News {
    News::Missed { from: Epoch::new(from), to: Epoch::new(to) }
}

#[test]
fn what_waits_beyond_the_bound_is_missed_together_and_may_be_read_again() {
    let bus = on(&MemoryVfs::new());
    let mut news = bus.subscribe(EventFilter::all()).unwrap().waiting_at_most(10);
    write(&bus, 9);
    assert_eq!(heard(&mut news).len(), 10, "as many as may wait");
    write(&bus, 5000);
    assert_eq!(news.try_next().unwrap(), Some(missed(11, 5010)));
    assert_eq!(news.try_next().unwrap(), None);
    assert_eq!(read_again(&bus, Epoch::new(11)..=Epoch::new(5010)).len(), 5000);
    write(&bus, 3);
    let tags: Vec<_> =
        heard(&mut news).into_iter().map(|event| (event.epoch.get(), event.source.tag)).collect();
    assert_eq!(tags, [5011, 5012, 5013].map(|epoch| (epoch, Some("counting".to_owned()))));
}

#[test]
fn who_falls_behind_in_the_middle_of_what_was_written_is_told_at_once() {
    let bus = on(&MemoryVfs::new());
    let mut news = bus.subscribe(EventFilter::all()).unwrap().waiting_at_most(100);
    write(&bus, 60);
    assert!(matches!(news.try_next().unwrap(), Some(News::Event(_))));
    write(&bus, 60);
    assert_eq!(news.try_next().unwrap(), Some(missed(2, 121)));
}

#[test]
fn what_a_bus_in_memory_gave_up_is_missed_for_good() {
    let bus = Bus::builder().history_bytes(256 << 10).in_memory().unwrap();
    let mut news = bus.subscribe(EventFilter::all()).unwrap();
    write(&bus, 20_000);
    let oldest = bus.oldest();
    assert!(oldest > Epoch::new(1), "some is given up");
    let Some(News::Missed { from, to }) = news.try_next().unwrap() else { panic!("nothing was missed") };
    assert_eq!((from, to), (Epoch::new(1), bus.epoch()));
    let gone = bus.events(from..=to).unwrap_err();
    assert!(matches!(gone, Error::HistoryGone { asked, .. } if asked == from), "{gone:?}");
    assert_eq!(read_again(&bus, ..).len() as u64, to.get() - bus.oldest().get());
    write(&bus, 2);
    assert_eq!(heard(&mut news).len(), 2);
}
