//! The page of a program's own bus: it, the figures and what was done agree.

use std::{collections::BTreeMap, convert::Infallible, thread};

use mmsb::{
    Bus, Gpu, Inputs, PageFilter,
    stats::{Latency, Stats},
};
use mmsb_cli::{MetricsPage, MetricsServer};

use super::{fetch, scrape};

/// Serves what `stats` tells while `look` looks.
fn serve<T>(stats: impl Fn() -> Stats + Send, look: impl FnOnce(std::net::SocketAddr) -> T) -> T {
    let server = MetricsServer::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (stopper, address, page) = (server.stopper(), server.address(), MetricsPage::default());
    thread::scope(|scope| {
        let running = scope.spawn(move || {
            server.run(|| Ok::<_, Infallible>(page.render(|| stats().record("world.mmsb")))).unwrap();
        });
        let looked = look(address);
        stopper.stop();
        running.join().unwrap();
        looked
    })
}

/// Every figure, by the name of its metric.
fn expected(stats: &Stats) -> BTreeMap<String, f64> {
    let whole = [held(stats), memory(stats), done(stats), on_disk(stats), beside(stats)];
    let whole = whole.into_iter().flatten().map(|(name, value)| (name.to_owned(), value as f64));
    whole.chain(quantiles(&stats.performance.commit_latency)).collect()
}

fn quantiles(latency: &Latency) -> [(String, f64); 5] {
    let quantiles = [
        ("0.5", latency.p50_ns),
        ("0.9", latency.p90_ns),
        ("0.99", latency.p99_ns),
        ("0.999", latency.p999_ns),
        ("1", latency.max_ns),
    ];
    quantiles
        .map(|(label, ns)| (format!("mmsb_commit_latency_seconds quantile=\"{label}\""), ns as f64 / 1e9))
}

fn held(stats: &Stats) -> Vec<(&'static str, u64)> {
    vec![
        ("mmsb_epoch", stats.epoch.get()),
        ("mmsb_epoch_oldest", stats.oldest.get()),
        ("mmsb_pages location=\"host\"", stats.pages.host_count),
        ("mmsb_pages location=\"device\"", stats.pages.device_count),
        ("mmsb_pages location=\"unified\"", stats.pages.unified_count),
        ("mmsb_page_bytes", stats.pages.bytes),
        ("mmsb_graph_pages", stats.graph.node_count),
        ("mmsb_graph_edges", stats.graph.edge_count),
        ("mmsb_graph_depth", stats.graph.depth_max.into()),
        ("mmsb_graph_derived_pages", stats.graph.derived_count),
        ("mmsb_graph_stale_pages", stats.graph.stale_count),
    ]
}

fn memory(stats: &Stats) -> Vec<(&'static str, u64)> {
    let memory = &stats.memory;
    vec![
        ("mmsb_memory_bytes part=\"slots\"", memory.slot_bytes),
        ("mmsb_memory_bytes part=\"free\"", memory.free_bytes),
        ("mmsb_memory_bytes part=\"table\"", memory.table_bytes),
        ("mmsb_memory_bytes part=\"preimages\"", memory.preimage_bytes),
        ("mmsb_memory_bytes part=\"log\"", memory.log_bytes()),
        ("mmsb_memory_bytes part=\"undo\"", memory.undo_bytes),
        ("mmsb_memory_bytes part=\"names\"", memory.catalogue_bytes),
    ]
}

fn done(stats: &Stats) -> Vec<(&'static str, u64)> {
    let performance = &stats.performance;
    vec![
        ("mmsb_commits_total", stats.deltas.commit_count),
        ("mmsb_deltas_total", stats.deltas.count),
        ("mmsb_deltas_total", performance.applications.count),
        ("mmsb_delta_bytes_total", stats.deltas.bytes),
        ("mmsb_frame_bytes_total", stats.deltas.frame_bytes),
        ("mmsb_apply_nanoseconds_total", performance.applications.total_ns),
        ("mmsb_propagations_total", performance.propagations.count),
        ("mmsb_propagation_nanoseconds_total", performance.propagations.total_ns),
        ("mmsb_recomputed_pages_total", performance.recompute_count),
        ("mmsb_commits_timed_total", performance.commit_latency.timed_count),
        ("mmsb_log_syncs_total", stats.log.sync_count),
        ("mmsb_log_passes_total", stats.log.pass_count),
        ("mmsb_checkpoints_made_total", stats.checkpoints.made_count),
        ("mmsb_checkpoint_failures_total", stats.checkpoints.failure_count),
    ]
}

fn on_disk(stats: &Stats) -> Vec<(&'static str, u64)> {
    vec![
        ("mmsb_log_bytes", stats.log.bytes),
        ("mmsb_log_segments", stats.log.segment_count),
        ("mmsb_log_epoch_written", stats.log.written.get()),
        ("mmsb_log_epoch_durable", stats.log.durable.get()),
        ("mmsb_checkpoints", stats.checkpoints.count),
        ("mmsb_checkpoint_epoch_newest", stats.checkpoints.newest.get()),
        ("mmsb_checkpoint_bytes", stats.checkpoints.bytes),
    ]
}

fn beside(stats: &Stats) -> Vec<(&'static str, u64)> {
    vec![
        ("mmsb_snapshots", stats.snapshots.count),
        ("mmsb_snapshot_epoch_oldest", stats.snapshots.oldest.map_or(stats.epoch, |oldest| oldest).get()),
        ("mmsb_branches", stats.branches.count),
        ("mmsb_mirrors", stats.mirrors.count),
        ("mmsb_mirror_pages", stats.mirrors.page_count),
        ("mmsb_mirror_bytes", stats.mirrors.bytes),
        ("mmsb_memory_bytes part=\"preimages\"", stats.snapshots.preimage_bytes),
        ("mmsb_page_bytes", stats.memory.page_bytes),
        ("mmsb_snapshots", stats.memory.pin_count),
    ]
}

/// A bus with some of everything; how many commits that took, and how many deltas.
fn world(path: &std::path::Path) -> (Bus, [u64; 2]) {
    let bus = Bus::builder().gpu(Gpu::host()).create(path).unwrap();
    let [source, copy, plain] = ["source", "copy", "plain"].map(|name| bus.create_page(name, 8).unwrap());
    let copies = |inputs: &Inputs<'_>, out: &mut [u8]| out.copy_from_slice(&inputs[0]);
    bus.derive(copy).from([source]).named("copy", 1).with(copies).unwrap();
    let setup = bus.epoch().get();
    bus.reset_stats();
    bus.checkpoint().unwrap();
    for round in 0..200u64 {
        bus.write(plain, 0, [1, round as u8]).unwrap();
        bus.write(source, 0, [2, round as u8]).unwrap();
    }
    assert_eq!(bus.epoch().get() - setup, 400);
    // A write to the source changes the copy, too.
    (bus, [400, 600])
}

#[test]
fn page_figures_and_text_agree_with_each_other_and_with_what_was_done() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, [commits, deltas]) = world(&dir.path().join("world.mmsb"));
    let (_snapshot, _branch) = (bus.snapshot(), bus.branch(bus.epoch()).unwrap());
    let mirror = bus.mirror(PageFilter::all()).on(Gpu::host()).start().unwrap();
    mirror.wait(bus.epoch()).unwrap();
    // What is not written yet, the log's own thread writes meanwhile.
    bus.begin().durability(mmsb::Durability::Synced).commit().unwrap();
    let stats = bus.stats();
    let found = serve(|| bus.stats(), scrape);
    assert_eq!(found, expected(&stats), "the page is what the figures are");
    assert_eq!(stats, bus.stats(), "nothing happened meanwhile");
    assert_eq!(
        [found["mmsb_commits_total"], found["mmsb_deltas_total"]],
        [commits + 1, deltas].map(|one| one as f64)
    );
    assert_eq!([found["mmsb_propagations_total"], found["mmsb_recomputed_pages_total"]], [200.0; 2]);
    let alive = ["mmsb_snapshots", "mmsb_branches", "mmsb_mirrors", "mmsb_mirror_bytes", "mmsb_checkpoints"];
    assert_eq!(alive.map(|name| found[name]), [2.0, 1.0, 1.0, 24.0, 1.0]);
    let text = stats.to_string();
    assert!(text.starts_with("=== MMSB Statistics ===\n"), "{text}");
    assert!(text.contains(&format!("\nDeltas: {deltas}, ")) && text.contains(" 401 commits, "), "{text}");
    assert!(
        text.contains(" 200 propagations, ") && text.contains("\nMirrors: 1; 3 pages, 24 bytes"),
        "{text}"
    );
}

#[test]
fn what_is_not_the_page_is_told() {
    let bus = Bus::in_memory().unwrap();
    serve(
        || bus.stats(),
        |address| {
            assert_eq!(fetch(address, "/"), (404, "the metrics are at /metrics\n".to_owned()));
            assert!(scrape(address).contains_key("mmsb_epoch"));
        },
    );
}

#[test]
fn figures_go_through_json_and_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let (bus, _) = world(&dir.path().join("world.mmsb"));
    let stats = bus.stats();
    let json = serde_json::to_value(&stats).unwrap();
    assert_eq!(json["deltas"]["commit_count"], 400);
    assert_eq!(json["epoch"], bus.epoch().get());
    assert_eq!(serde_json::from_value::<Stats>(json).unwrap(), stats);
}
