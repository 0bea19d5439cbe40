//! The runner, fed with lines that break: each one must turn into a cross.

mod baseline;
mod limits;
mod measure;
mod runner;
