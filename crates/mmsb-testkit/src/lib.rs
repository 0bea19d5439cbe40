//! Test helpers of MMSB: a seeded driver that commits random transactions to a bus and to a map, the map as an
//! oracle for every epoch, and a state as text for snapshots.
//!
//! Reading order: [`Driver`] (what is done), [`Model`] (what must come of it), [`agree`] (whether a bus, a past
//! state, a history show just that), [`dump()`], [`Rng`]; [`linear`] (whether what concurrent threads were told
//! has one order), [`Stress`] (threads for it to judge); [`fuzz`] (bytes of unknown origin); [`earlier`] (hashes that stay);
//! `torture` (disks that fail, with the feature `plant`).
//!
//! Invariant: knows only the public face of a bus. A disagreement is a panic that names epoch and page.

#![forbid(unsafe_code)]

pub mod agree;
mod draft;
mod driver;
mod dump;
pub mod earlier;
pub mod fuzz;
pub mod linear;
mod model;
mod rng;
mod stress;
#[cfg(feature = "plant")]
pub mod torture;

pub use driver::{Begin, Driver};
pub use dump::dump;
pub use model::{Model, ModelPage, ModelState};
pub use rng::Rng;
pub use stress::{ALL_DEEDS, Deed, Stress, Tally};
