//! The log's integration tests: one binary, a module for each promise.

mod checkpoint;
mod common;
mod concurrent;
mod damage;
mod directory;
mod durability;
mod failing_reads;
mod faulty;
mod flips;
mod frames;
mod golden;
mod hostile;
mod live;
mod passes;
mod rotation;
mod round_trip;
mod segments;
mod vfs;
