//! The smallest work of each layer, as pieces that can be repeated: what the line `layers` measures, and what the divan
//! benches of the same name measure at the keyboard.
//!
//! Everything that a program pays is inside a piece: building the transaction, validating it, the commit, the log. What a
//! piece did is checked by its `verify`, which is outside the clock.

mod alloc;
mod files;
mod mixed;
mod sheet;
mod update;

pub use alloc::Allocation;
pub use files::{Filled, Logged};
pub use mixed::mixed;
pub use sheet::Sheet;
pub use update::Updates;
