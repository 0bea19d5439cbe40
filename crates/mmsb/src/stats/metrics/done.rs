//! Metrics of what was done through a bus, and how long it took.

use metrics::Unit::{Bytes, Count, Nanoseconds, Seconds};

use super::{Figure, Value, total};
use crate::{Stats, stats::Latency};

const LATENCY: &str = "How long callers wait for a commit, at most, for this share of all.";

impl Stats {
    pub(super) fn done(&self) -> Vec<Figure> {
        let (deltas, performance) = (&self.deltas, &self.performance);
        let (applied, waves) = (performance.applications, performance.propagations);
        let mut figures = vec![
            total("mmsb_commits_total", Count, deltas.commit_count, "Commits."),
            total("mmsb_deltas_total", Count, deltas.count, "Deltas that were applied."),
            total("mmsb_delta_bytes_total", Bytes, deltas.bytes, "What these store."),
            total("mmsb_frame_bytes_total", Bytes, deltas.frame_bytes, "Frames of commits."),
            total("mmsb_apply_nanoseconds_total", Nanoseconds, applied.total_ns, "Time of applying deltas."),
            total("mmsb_propagations_total", Count, waves.count, "Waves that computed a page."),
            total("mmsb_propagation_nanoseconds_total", Nanoseconds, waves.total_ns, "Time of these."),
            total("mmsb_recomputed_pages_total", Count, performance.recompute_count, "Pages computed."),
        ];
        figures.extend(performance.commit_latency.figures());
        figures.extend(self.done_on_disk());
        figures
    }

    fn done_on_disk(&self) -> [Figure; 4] {
        let (log, checkpoints) = (&self.log, &self.checkpoints);
        let (made, failed) = (checkpoints.made_count, checkpoints.failure_count);
        [
            total("mmsb_log_syncs_total", Count, log.sync_count, "Syncs of the log."),
            total("mmsb_log_passes_total", Count, log.pass_count, "Times that the log was read back."),
            total("mmsb_checkpoints_made_total", Count, made, "Checkpoints made."),
            total("mmsb_checkpoint_failures_total", Count, failed, "Checkpoints that failed."),
        ]
    }
}

impl Latency {
    fn figures(&self) -> Vec<Figure> {
        let quantile = |(label, ns): (&'static str, u64)| Figure {
            name: "mmsb_commit_latency_seconds",
            label: Some(("quantile", label)),
            value: Value::Gauge(ns as f64 / 1e9),
            unit: Seconds,
            help: LATENCY,
        };
        let quantiles = [("0.5", self.p50_ns), ("0.9", self.p90_ns), ("0.99", self.p99_ns)];
        let mut figures: Vec<Figure> = quantiles.map(quantile).into();
        figures.extend([("0.999", self.p999_ns), ("1", self.max_ns)].map(quantile));
        figures.push(total("mmsb_commits_timed_total", Count, self.timed_count, "Commits that were timed."));
        figures
    }
}
