//! Tests of the bus as its users see it, one binary.

mod together;

mod branches;
mod checkpoints;
mod derive;
mod events;
mod examples;
mod faults;
mod fixtures;
mod frames;
mod graph;
mod hashes;
mod hostile;
mod many;
mod memory;
mod mirrors;
mod model;
mod overflow;
mod provenance;
mod queries;
mod races;
mod recovery;
mod reproduced;
mod rewind;
mod runs;
mod said;
mod scrubbing;
mod sites;
mod sizes;
mod snapshots;
mod stats;
mod stopping;
mod ticks;
mod transactions;
mod undo;
mod validate;
