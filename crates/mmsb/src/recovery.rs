//! How a bus comes back: from the newest checkpoint that can be read, and the log behind it.
//!
//! Invariant: opening changes nothing on the disk before all that was read was found to fit.

mod progress;

pub use self::progress::{OpenProgress, OpenStage};
pub(crate) use self::progress::Opening;
