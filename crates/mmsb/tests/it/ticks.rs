//! One frame of a loop: one commit, what follows from it, and a report that says where the time went.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use mmsb::{Bus, Durability, Epoch, Error, Gpu, PageId, PageLocation, Propagation, TickReport, Ticks};

/// No frame is as short.
const NOTHING: Duration = Duration::ZERO;
/// No frame is as long.
const FOREVER: Duration = Duration::from_secs(3600);

/// Two pages, the second computed from the first.
fn derived(bus: &Bus) -> [PageId; 2] {
    let pages = [(); 2].map(|()| bus.create_page(None, 8).unwrap());
    bus.derive(pages[1]).from([pages[0]]).named("copy", 1).add::<u64>().unwrap();
    pages
}

fn deferred() -> (Bus, [PageId; 2]) {
    let bus = Bus::builder().propagation(Propagation::Deferred).in_memory().unwrap();
    let pages = derived(&bus);
    (bus, pages)
}

#[track_caller]
fn run(ticks: &mut Ticks<'_>, page: PageId, value: u64) -> TickReport {
    ticks.run(|tx| tx.put(page, 0, &value)).unwrap()
}

#[test]
fn a_frame_is_one_commit_with_all_that_follows() {
    let bus = Bus::in_memory().unwrap();
    let [a, b] = derived(&bus);
    let report = bus.tick(|tx| tx.put(a, 0, &7u64)).unwrap();
    assert_eq!((report.epoch, report.through, report.computed_count), (Epoch::new(4), Epoch::new(4), 1));
    assert_eq!((bus.get::<u64>(b, 0).unwrap(), bus.epoch()), (7, Epoch::new(4)));
    assert_eq!((report.left(), report.over(), report.stale_count), (NOTHING, NOTHING, 0));
    assert!(report.times.parts().map(|(_, time)| time).sum::<Duration>() <= report.spent);
    let nothing = bus.tick(|_| Ok(())).unwrap();
    assert_eq!((nothing.epoch, nothing.computed_count), (Epoch::new(5), 0));
}

#[test]
fn a_frame_that_fails_or_panics_changes_nothing() {
    let bus = Bus::in_memory().unwrap();
    let [a, _] = derived(&bus);
    let mut ticks = bus.ticks().labels_from(5);
    let failed = ticks.run(|tx| {
        tx.put(a, 0, &7u64)?;
        tx.put(a, 1, &7u64)
    });
    assert!(matches!(failed, Err(Error::InvalidDelta { .. })));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        ticks.run(|tx| {
            tx.put(a, 0, &7u64)?;
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!((bus.epoch(), bus.get::<u64>(a, 0).unwrap()), (Epoch::new(3), 0));
    assert_eq!(run(&mut ticks, a, 1).label, Some(5.into()), "no label was used up");
}

#[test]
fn pages_that_wait_are_computed_under_the_frames_label() {
    let (bus, [a, b]) = deferred();
    let mut ticks = bus.ticks().labels_from(1).tag("game").budget(FOREVER);
    let report = run(&mut ticks, a, 7);
    assert_eq!((report.epoch, report.through), (Epoch::new(4), Epoch::new(5)));
    assert_eq!((report.computed_count, report.stale_count), (1, 0));
    assert_eq!(bus.at_label(1).unwrap().get::<u64>(b, 0).unwrap(), 7);
    let told: Vec<_> = bus.query().tag("game").run().unwrap().map(|commit| commit.unwrap().label).collect();
    assert_eq!(told, [Some(1.into()), Some(1.into())]);
    assert!(report.left() > NOTHING && report.over() == NOTHING);
}

#[test]
fn without_time_they_are_put_off_once() {
    let (bus, [a, b]) = deferred();
    let mut ticks = bus.ticks().budget(NOTHING);
    let seen = (1..=4u64).map(|value| {
        let report = run(&mut ticks, a, value);
        (report.stale_count, report.computed_count, bus.get::<u64>(b, 0).unwrap())
    });
    assert_eq!(seen.collect::<Vec<_>>(), [(1, 0, 0), (0, 1, 2), (1, 0, 2), (0, 1, 4)]);
}

#[test]
fn who_asked_is_called_behind_each_frame_that_took_too_long() {
    let bus = Bus::in_memory().unwrap();
    let [a, _] = derived(&bus);
    let mut late = Vec::new();
    let mut ticks = bus.ticks().labels_from(7).budget(NOTHING).on_overrun(|report| {
        assert!(report.over() == report.spent && report.left() == NOTHING);
        late.push(report.label.unwrap().get());
    });
    (0..3).for_each(|value| drop(run(&mut ticks, a, value)));
    drop(ticks);
    assert_eq!(late, [7, 8, 9]);
    let mut ticks = bus.ticks().budget(FOREVER).on_overrun(|report| panic!("{report}"));
    drop(run(&mut ticks, a, 9));
}

#[test]
fn durability_is_the_loops_or_the_buss() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Bus::create(dir.path().join("bus")).unwrap();
    let [a, _] = derived(&bus);
    assert!(bus.tick(|tx| tx.put(a, 0, &1u64)).unwrap().reached >= Durability::Written);
    let mut ticks = bus.ticks().durability(Durability::Synced);
    assert_eq!(run(&mut ticks, a, 2).reached, Durability::Synced);
    assert_eq!(bus.stats().log.durable, bus.epoch());
}

#[test]
fn mirrors_are_where_the_frame_is() {
    let bus = Bus::builder().gpu(Gpu::host()).propagation(Propagation::Deferred).in_memory().unwrap();
    let [a, b] = derived(&bus);
    bus.locate(b, PageLocation::Device).unwrap();
    let mirror = bus.mirror([a, b]).on(Gpu::host()).start().unwrap();
    let mut ticks = bus.ticks().mirror(&mirror).stats(true);
    let report = run(&mut ticks, a, 9);
    assert!(mirror.epoch() >= report.through && bus.device().unwrap().epoch() >= report.through);
    assert_eq!(mirror.page(b).unwrap().bytes[..8], 9u64.to_le_bytes());
    assert_eq!(report.stats.unwrap().epoch, report.through);
    assert!(report.failures.is_empty());
}

#[test]
fn what_fails_behind_the_commit_is_told_and_the_commit_stays() {
    let (bus, [a, b]) = deferred();
    bus.derive(b)
        .from([a])
        .named("fails", 1)
        .with(|inputs, made| {
            assert_eq!(inputs.value::<u64>(0, 0), 0, "on purpose");
            made.fill(0);
        })
        .unwrap();
    let report = bus.tick(|tx| tx.put(a, 0, &3u64)).unwrap();
    assert!(matches!(report.failures[..], [Error::RecomputePanicked { .. }]), "{report}");
    assert_eq!((bus.get::<u64>(a, 0).unwrap(), report.stale_count), (3, 1));
}
