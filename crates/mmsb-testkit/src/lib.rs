//! Test helpers of MMSB: a seeded driver that commits random transactions to a bus and to a map, the map as an
//! oracle for every epoch, and a state as text for snapshots.
//!
//! Reading order: [`Driver`] (what is done), [`Model`] (what must come of it), [`agree`] (whether a bus, a past
//! state, a history show just that), [`dump()`], [`Rng`].
//!
//! Invariant: knows only the public face of a bus. A disagreement is a panic that names epoch and page.

#![forbid(unsafe_code)]

pub mod agree;
mod draft;
mod driver;
mod dump;
mod model;
mod rng;

pub use driver::Driver;
pub use dump::dump;
pub use model::{Model, ModelPage, ModelState};
pub use rng::Rng;
