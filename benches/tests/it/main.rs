//! The runner, fed with lines that break: each one must turn into a cross.

mod baseline;
mod child;
mod clock;
mod faults;
#[cfg(feature = "gpu")]
mod gpu;
mod html;
mod limits;
mod measure;
mod pin;
mod rss;
mod runner;
mod together;
mod world;
