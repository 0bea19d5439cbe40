//! Tests of the graph: edges against a naive model, cycles, waves and what did not run.

mod edges;
mod laws;
mod make;
mod shared;
mod waves;
