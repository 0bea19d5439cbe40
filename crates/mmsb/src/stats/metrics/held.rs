//! Metrics of what a bus holds.

use super::{Figure, bytes, count};
use crate::Stats;

const MEMORY: &str = "Memory of the bus, by part.";
const PAGES: &str = "Living pages, by where they live.";

impl Stats {
    pub(super) fn held(&self) -> Vec<Figure> {
        let (pages, graph) = (&self.pages, &self.graph);
        let located = |location, number| count("mmsb_pages", number, PAGES).labelled("location", location);
        vec![
            count("mmsb_epoch", self.epoch.get(), "The newest state."),
            count("mmsb_epoch_oldest", self.oldest.get(), "The oldest state that can be shown."),
            located("host", pages.host_count),
            located("device", pages.device_count),
            located("unified", pages.unified_count),
            bytes("mmsb_page_bytes", pages.bytes, "Lengths of all living pages."),
            count("mmsb_graph_pages", graph.node_count, "Pages with an edge."),
            count("mmsb_graph_edges", graph.edge_count, "Edges of all kinds."),
            count("mmsb_graph_depth", graph.depth_max.into(), "Edges of the longest way."),
            count("mmsb_graph_derived_pages", graph.derived_count, "Derived pages."),
            count("mmsb_graph_stale_pages", graph.stale_count, "Stale pages."),
        ]
    }

    pub(super) fn memory_parts(&self) -> Vec<Figure> {
        let memory = &self.memory;
        let parts = [
            ("slots", memory.slot_bytes),
            ("free", memory.free_bytes),
            ("table", memory.table_bytes),
            ("preimages", memory.preimage_bytes),
            ("log", memory.log_bytes()),
            ("undo", memory.undo_bytes),
            ("names", memory.catalogue_bytes),
        ];
        parts.map(|(part, number)| bytes("mmsb_memory_bytes", number, MEMORY).labelled("part", part)).into()
    }

    pub(super) fn beside(&self) -> Vec<Figure> {
        let (snapshots, mirrors) = (&self.snapshots, &self.mirrors);
        // Nobody is behind the newest state where there is no snapshot.
        let oldest = snapshots.oldest.unwrap_or(self.epoch).get();
        vec![
            count("mmsb_snapshots", snapshots.count, "Snapshots, and other holders of an epoch."),
            count("mmsb_snapshot_epoch_oldest", oldest, "The oldest epoch held; the newest if none is."),
            count("mmsb_branches", self.branches.count, "Branches."),
            count("mmsb_mirrors", mirrors.count, "Mirrors."),
            count("mmsb_mirror_pages", mirrors.page_count, "Pages on devices."),
            bytes("mmsb_mirror_bytes", mirrors.bytes, "Lengths of all pages on devices."),
        ]
    }
}
