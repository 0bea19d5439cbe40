//! How a bus comes back: from the newest checkpoint that can be read, and the log behind it. [`RecoveryPlan`] tells
//! it beforehand.
//!
//! Invariant: opening changes nothing on the disk before all that was read was found to fit.

mod plan;
mod progress;
mod text;

pub(crate) use self::progress::Opening;
pub use self::{
    plan::{LogRange, PassedOver, PlannedCut, RecoveryPlan},
    progress::{OpenProgress, OpenStage},
};
