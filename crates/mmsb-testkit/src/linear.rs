//! Was there one order? A check of what concurrent threads were told, against a sequential model.
//!
//! Every thread keeps a [`Lane`]: what it asked for and was told, and when each operation began and ended by
//! one clock. The epochs that the bus answers are the order it claims; no search is needed. [`Judge`] holds
//! it to that claim:
//!
//! 1. Epochs are dense: every commit has its own, and nothing else takes one.
//! 2. Replayed in that order, everything read was there: what a transaction read, just before its epoch;
//!    what a view showed, as of its epoch; what one read showed, as of the epoch it named.
//! 3. The order agrees with time: what ended before something began comes before it. A page is never older
//!    than what was known of it.
//! 4. What was refused left nothing: the pages at the end are those of the replay, byte for byte.
//!
//! Two reads of single pages promise nothing together, so time binds them page by page only.
//!
//! Histories are judged window by window: between two windows nothing is under way, and the model forgets
//! what no view can show any more.

mod judge;
mod order;
mod record;
mod versions;

pub use self::{
    judge::Judge,
    record::{Action, Change, Clock, Lane, Record, Seen},
};

/// What cannot have happened, told for a person: the operations, their times and epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction(pub(crate) String);

impl std::fmt::Display for Contradiction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Contradiction {}
