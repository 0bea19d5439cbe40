//! What a bus tells of itself, as lines of text.

use std::{
    fmt::{self, Formatter, Result},
    time::Duration,
};

use super::{Latency, PerformanceStats, Stats};

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "=== MMSB Statistics ===")?;
        writeln!(f, "Epochs: {} to {}", self.oldest, self.epoch)?;
        self.fmt_held(f)?;
        self.fmt_done(f)?;
        self.fmt_disk(f)?;
        self.fmt_beside(f)
    }
}

impl Stats {
    fn fmt_held(&self, f: &mut Formatter<'_>) -> Result {
        let (pages, memory) = (&self.pages, &self.memory);
        write!(f, "Pages: {}, {} bytes; ", pages.count, pages.bytes)?;
        let (host, device, unified) = (pages.host_count, pages.device_count, pages.unified_count);
        writeln!(f, "{host} on the host, {device} device, {unified} unified")?;
        let (total, overhead) = (memory.total_bytes(), memory.overhead_bytes_per_page());
        write!(f, "Memory: {total} bytes, {overhead:.1} more a page; {} slots, ", memory.slot_bytes)?;
        write!(f, "{} free, {} table, ", memory.free_bytes, memory.table_bytes)?;
        write!(f, "{} pre-images, {} log, ", memory.preimage_bytes, memory.log_bytes())?;
        writeln!(f, "{} undo, {} names", memory.undo_bytes, memory.catalogue_bytes)
    }

    fn fmt_done(&self, f: &mut Formatter<'_>) -> Result {
        let (deltas, graph) = (&self.deltas, &self.graph);
        write!(
            f,
            "Deltas: {}, {} bytes, {:.1} on average; ",
            deltas.count,
            deltas.bytes,
            deltas.mean_bytes()
        )?;
        writeln!(f, "{} commits, {} bytes of frames", deltas.commit_count, deltas.frame_bytes)?;
        write!(f, "Graph: {} pages, {} edges, ", graph.node_count, graph.edge_count)?;
        write!(f, "depth {}; {} derived, ", graph.depth_max, graph.derived_count)?;
        writeln!(f, "{} stale", graph.stale_count)?;
        self.performance.fmt_lines(f)
    }

    fn fmt_disk(&self, f: &mut Formatter<'_>) -> Result {
        let (log, checkpoints) = (&self.log, &self.checkpoints);
        write!(f, "Log: {} bytes, {} segments, ", log.bytes, log.segment_count)?;
        write!(f, "written {}, durable {}, ", log.written, log.durable)?;
        writeln!(f, "{} syncs, {} passes", log.sync_count, log.pass_count)?;
        write!(f, "Checkpoints: {}, {} bytes, ", checkpoints.count, checkpoints.bytes)?;
        let (made, failed) = (checkpoints.made_count, checkpoints.failure_count);
        writeln!(f, "newest {}; {made} made, {failed} failed", checkpoints.newest)
    }

    fn fmt_beside(&self, f: &mut Formatter<'_>) -> Result {
        let snapshots = &self.snapshots;
        write!(f, "Snapshots: {}", snapshots.count)?;
        snapshots.oldest.map_or(Ok(()), |oldest| write!(f, ", the oldest at {oldest}"))?;
        writeln!(f, "; {} bytes of pre-images", snapshots.preimage_bytes)?;
        writeln!(f, "Branches: {}", self.branches.count)?;
        let mirrors = &self.mirrors;
        write!(f, "Mirrors: {}; {} pages, {} bytes", mirrors.count, mirrors.page_count, mirrors.bytes)
    }
}

impl PerformanceStats {
    fn fmt_lines(&self, f: &mut Formatter<'_>) -> Result {
        let [applied, waves] = [self.applications, self.propagations];
        write!(f, "Performance: {} applications, ", applied.count)?;
        write!(f, "{:?}, {:.1} ns each; ", Duration::from_nanos(applied.total_ns), applied.mean_ns())?;
        write!(f, "{} propagations, {:?}, ", waves.count, Duration::from_nanos(waves.total_ns))?;
        writeln!(f, "{:.1} ns each, {} pages", waves.mean_ns(), self.recompute_count)?;
        writeln!(f, "Latency: {}", self.commit_latency)
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} timed, {:.0} ns on average; ", self.timed_count, self.mean_ns)?;
        write!(f, "p50 {}, p90 {}, p99 {}, ", self.p50_ns, self.p90_ns, self.p99_ns)?;
        write!(f, "p99.9 {}, max {}", self.p999_ns, self.max_ns)
    }
}
