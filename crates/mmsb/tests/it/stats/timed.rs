//! What is timed, and what a reset forgets.

use std::{ops::Range, path::Path, sync::Arc};

use mmsb::{Bus, Durability, PageId, vfs::MemoryVfs};

use super::{commit_at_once, world};

fn write_often(bus: &Bus, page: PageId, rounds: Range<u64>) {
    for _ in rounds {
        bus.write(page, 0, b"one").unwrap();
    }
}

#[test]
fn a_few_commits_are_all_timed() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 100).unwrap();
    write_often(&bus, page, 1..20);
    let performance = bus.stats().performance;
    let latency = performance.commit_latency;
    assert_eq!(latency.timed_count, 20);
    let rising = [1, latency.p50_ns, latency.p90_ns, latency.p99_ns, latency.p999_ns, latency.max_ns];
    assert!(rising.is_sorted(), "{latency:?}");
    let applied = performance.applications.total_ns as f64;
    assert!(applied > 0.0 && applied <= 20.0 * latency.mean_ns * 1.01, "{performance:?}");
}

#[test]
fn of_many_commits_few_are_timed() {
    let bus = Bus::in_memory().unwrap();
    let page = bus.create_page(None, 100).unwrap();
    write_often(&bus, page, 0..20_000);
    let timed = bus.stats().performance.commit_latency.timed_count;
    assert!((64 + 200..64 + 450).contains(&timed), "{timed} of 20000");
}

#[test]
fn commits_that_wait_for_a_sync_are_all_timed() {
    let builder = Bus::builder().durability(Durability::Synced).without_threads();
    let bus = builder.create_on(Arc::new(MemoryVfs::new()), Path::new("bus")).unwrap();
    let page = bus.create_page(None, 100).unwrap();
    write_often(&bus, page, 1..500);
    let stats = bus.stats();
    assert_eq!(stats.performance.commit_latency.timed_count, 500);
    assert_eq!(stats.log.sync_count, 500);
}

#[test]
fn a_bus_that_is_not_to_count_counts_nothing() {
    let bus = Bus::builder().without_stats().in_memory().unwrap();
    let page = bus.create_page(None, 100).unwrap();
    bus.write(page, 0, b"one").unwrap();
    let stats = bus.stats();
    assert_eq!((stats.deltas, stats.performance), Default::default());
    assert_eq!(stats.epoch, bus.epoch());
}

#[test]
fn a_reset_sets_counters_to_zero_and_leaves_gauges() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, pages) = world(&dir.path().join("bus"));
    let done = commit_at_once(&bus, &pages);
    done.propagate(&bus, pages.source, 3);
    bus.checkpoint().unwrap();
    bus.at(bus.epoch()).unwrap();
    let before = bus.stats();
    bus.reset_stats();
    let after = bus.stats();
    assert_eq!((after.deltas, after.performance), Default::default());
    let counters = [after.log.sync_count, after.log.pass_count, after.checkpoints.made_count];
    assert!(counters == [0; 3] && before.log.pass_count == 1, "{after}");
    assert_eq!((after.epoch, after.pages, after.graph), (before.epoch, before.pages, before.graph));
    assert_eq!((after.log.bytes, after.checkpoints.newest), (before.log.bytes, before.checkpoints.newest));
    bus.write(pages.own[0][0], 0, b"again").unwrap();
    assert_eq!(bus.stats().deltas.commit_count, 1);
}
