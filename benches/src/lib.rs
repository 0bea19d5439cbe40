//! How the project proves itself: bench lines, and the runner that measures and judges them.
//!
//! Reading order: a [`Line`] measures something inside a [`Context`] and returns an [`Outcome`]: figures
//! ([`Figure`], each the [`Sample`] of at least seven repeats) and bars ([`Bar`]). Bars on speed are ratios
//! to limits ([`LimitKind`]) that the same run measured on the same machine. [`run`] judges all lines,
//! prints one mark each, and can store the run ([`Record`]) or compare it with a stored one
//! ([`baseline`]).
//!
//! A line is one file under `lines/` that submits itself; nothing else names it.
//!
//! Invariant: a line that measures nothing, misses a bar that must hold, or panics, has failed.

#![forbid(unsafe_code)]

pub mod baseline;
pub mod child;
pub mod clock;
mod context;
pub mod crowd;
pub mod field;
pub mod gpu;
mod html;
mod json;
mod judged;
mod limits;
mod line;
mod lines;
pub mod logs;
mod machine;
mod measure;
mod options;
mod outcome;
pub mod pages;
pub mod pin;
mod random;
mod report;
pub mod rss;
mod runner;
pub mod shadow;
mod size;
pub mod suite;
pub mod together;
pub mod waves;
pub mod world;

pub use context::Context;
pub use html::page;
pub use json::{LineRecord, Record};
pub use judged::JudgedBar;
pub use limits::LimitKind;
pub use line::{Line, registered};
pub use machine::Machine;
pub use measure::{LONG_REPEATS_MIN, REPEATS_MIN, Sample};
pub use options::{BaselineAction, Options};
pub use outcome::{Bar, BarKind, Figure, Op, Outcome, Unit};
pub use random::Random;
pub use runner::run;
pub use size::Size;
