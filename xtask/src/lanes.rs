//! The lanes that prove what ordinary tests cannot: every interleaving of a small model, undefined
//! behaviour, data races, memory used wrongly.
//!
//! Invariant: a lane says what it runs. What the toolchain lacks is no failure: the lane then names it,
//! says how to get it, and has not failed.

mod asan;
mod gpu;
mod loom;
mod miri;
mod sanitizer;
mod shuttle;
mod tools;
mod tsan;

pub use self::{
    asan::run as asan,
    gpu::run as gpu,
    loom::{Model, run as loom, table},
    miri::run as miri,
    shuttle::run as shuttle,
    tools::{Missing, Needs},
    tsan::run as tsan,
};
