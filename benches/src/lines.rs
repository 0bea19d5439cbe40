//! The lines, one file each. A line submits itself to the runner; this list only makes it part of the crate.

mod append;
mod apply;
mod branch;
mod checksum;
mod churn;
mod diff;
mod durability;
mod encode;
mod engine;
mod gpu;
mod graph;
mod import;
mod integrity;
mod invariants;
mod layers;
mod memory;
mod provenance;
mod purity;
mod read;
mod replay;
mod stability;
mod stats;
mod throughput;
mod tick;
mod waves;
