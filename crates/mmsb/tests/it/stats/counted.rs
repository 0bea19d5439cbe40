//! Figures against what was done, and text against figures.

use std::{fs, path::Path};

use mmsb::{Bus, Epoch, Gpu, PageFilter};

use super::{commit_at_once, world};

fn files(path: &Path, prefix: &str) -> Vec<u64> {
    let entries = fs::read_dir(path).unwrap().map(Result::unwrap);
    let ours =
        entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)));
    ours.map(|entry| entry.metadata().unwrap().len()).collect()
}

#[test]
fn commits_deltas_and_bytes_are_those_that_were_made() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, pages) = world(&dir.path().join("bus"));
    let before = bus.epoch();
    let done = commit_at_once(&bus, &pages);
    let [commits, deltas, bytes, ..] = done.get();
    let told = bus.stats().deltas;
    assert_eq!([told.commit_count, told.count, told.bytes], [commits, deltas, bytes]);
    assert_eq!(bus.epoch().get() - before.get(), commits);
    assert_eq!(told.mean_bytes(), bytes as f64 / deltas as f64);
    assert_eq!(bus.stats().performance.applications.count, deltas);
    assert!(bus.stats().to_string().contains(&format!("\nDeltas: {deltas}, {bytes} bytes, ")));
    assert!(bus.stats().to_string().contains(&format!("; {commits} commits, {} bytes of", told.frame_bytes)));
}

#[test]
fn the_log_tells_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, pages) = world(&dir.path().join("bus"));
    let before = bus.epoch();
    let done = commit_at_once(&bus, &pages);
    done.propagate(&bus, pages.source, 200);
    let mut logged = [0; 4];
    for commit in bus.commits().unwrap().map(Result::unwrap).filter(|commit| commit.epoch > before) {
        let one = [1, commit.run_count, commit.payload_bytes, commit.frame_bytes];
        logged.iter_mut().zip(one).for_each(|(sum, one)| *sum += one as u64);
    }
    let told = bus.stats().deltas;
    assert_eq!([told.commit_count, told.count, told.bytes, told.frame_bytes], logged);
}

#[test]
fn waves_and_what_they_computed_are_those_that_were_reported() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, pages) = world(&dir.path().join("bus"));
    let done = super::Done::default();
    done.propagate(&bus, pages.source, 300);
    bus.write(pages.own[0][0], 0, b"nobody depends on it").unwrap();
    let [.., waves, computed] = done.get();
    let stats = bus.stats();
    assert_eq!((waves, computed), (300, 600));
    assert_eq!((stats.performance.propagations.count, stats.performance.recompute_count), (waves, computed));
    let graph = stats.graph;
    assert_eq!((graph.node_count, graph.edge_count, graph.depth_max, graph.derived_count), (3, 2, 2, 2));
    assert!(
        stats.to_string().contains("\nGraph: 3 pages, 2 edges, depth 2; 2 derived, 0 stale\n"),
        "{stats}"
    );
}

#[test]
fn files_are_those_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bus");
    let (bus, pages) = world(&path);
    commit_at_once(&bus, &pages);
    let made: Vec<Epoch> = (0..2)
        .map(|_| {
            bus.write(pages.own[0][0], 0, b"x").unwrap();
            bus.checkpoint().unwrap().epoch
        })
        .collect();
    let (log, checkpoints) = (bus.stats().log, bus.stats().checkpoints);
    assert_eq!((checkpoints.newest, checkpoints.made_count), (made[1], 2));
    let on_disk = files(&path, "ckpt-");
    assert_eq!((checkpoints.count, checkpoints.bytes), (on_disk.len() as u64, on_disk.iter().sum()));
    assert!(log.segment_count > 2 && log.sync_count > 0 && log.durable >= made[1], "{log:?}");
    drop(bus);
    assert_eq!(log.segment_count, files(&path, "seg-").len() as u64);
}

#[test]
fn who_is_alive_beside_the_bus_is_counted() {
    let bus = Bus::builder().gpu(Gpu::host()).in_memory().unwrap();
    let page = bus.create_page("page", 1000).unwrap();
    let alive = |bus: &Bus| {
        let stats = bus.stats();
        (stats.snapshots.count, stats.branches.count, stats.mirrors.count, stats.mirrors.bytes)
    };
    assert_eq!(alive(&bus), (0, 0, 0, 0));
    let (first, second) = (bus.snapshot(), bus.snapshot());
    assert_eq!((alive(&bus), bus.stats().snapshots.oldest), ((2, 0, 0, 0), Some(bus.epoch())));
    let base = bus.epoch();
    let epoch = bus.write(page, 0, b"later").unwrap().epoch;
    let (branch, past) = (first.branch().unwrap(), bus.branch(base).unwrap());
    drop((first, second));
    assert_eq!(alive(&bus), (1, 2, 0, 0), "a branch of a snapshot holds it");
    drop((branch.clone(), past));
    assert_eq!(alive(&bus).1, 1, "a clone is the same branch");
    drop(branch);
    let mirror = bus.mirror(PageFilter::all()).on(Gpu::host()).start().unwrap();
    mirror.wait(epoch).unwrap();
    assert_eq!(alive(&bus), (0, 0, 1, 1000));
    drop(mirror);
    assert_eq!(alive(&bus), (0, 0, 0, 0));
}

#[test]
fn pages_are_told_by_where_they_live() {
    use mmsb::PageLocation::{Device, Unified};
    let bus = Bus::builder().gpu(Gpu::host()).in_memory().unwrap();
    let made = [Device, Unified, Device].map(|location| bus.create_page_in(location, None, 100).unwrap());
    bus.create_page(None, 28).unwrap();
    let pages = bus.stats().pages;
    assert_eq!((pages.count, pages.bytes), (4, 328));
    assert_eq!((pages.host_count, pages.device_count, pages.unified_count), (1, 2, 1));
    let mut tx = bus.begin();
    tx.delete_page(made[0]).unwrap();
    tx.commit().unwrap();
    let pages = bus.stats().pages;
    assert_eq!(
        (pages.host_count, pages.device_count, pages.unified_count),
        (1, 1, 1),
        "the dead live nowhere"
    );
    assert!(bus.stats().to_string().contains("\nPages: 3, 228 bytes; 1 on the host, 1 device, 1 unified\n"));
}
