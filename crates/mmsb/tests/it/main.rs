//! Tests of the bus as its users see it, one binary.

mod faulty;

mod faults;
mod frames;
mod hostile;
mod memory;
mod model;
mod overflow;
mod races;
mod runs;
mod said;
mod sites;
mod sizes;
mod snapshots;
mod stopping;
mod transactions;
