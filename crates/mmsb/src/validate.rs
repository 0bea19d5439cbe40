//! Validators: each holds one promise against the facts, lists everything that breaks it, and changes nothing.
//!
//! [`Bus::validate`] runs all of them on an open bus, [`files`] on one that may be too damaged to open. Each by itself:
//!
//! 1. [`invariants`]: page memory, names.
//! 2. [`graph`]: no cycle, edges between living pages, every page marked as the graph says.
//! 3. [`replay`]: the log, replayed, is the memory, byte for byte.
//! 4. [`integrity`]: every delta is for a page that lives then, fits it and overlaps no other; every event fits.
//! 5. [`purity`]: every function that computes a page makes the same of the same inputs, whoever runs it.
//! 6. [`provenance`]: every computed change tells inputs and edges that were there; every chain ends honestly.
//!
//! `docs/invariants.md` lists the rules by name. Nobody commits meanwhile.
//!
//! Invariant: a validator goes on behind what it found, up to [`FOUND_MAX`]; what cannot be read is a violation.

mod causes;
mod chains;
mod files;
mod live;
mod purity;
mod walk;
mod witness;

use mmsb_types::{Place, Violation};

#[doc(hidden)]
pub use self::files::{commits_of, files_of, walked};
use self::witness::Witness;
pub use self::{
    chains::provenance,
    files::{commits, files},
    live::{graph, invariants, replay},
    purity::purity,
    walk::integrity,
};
#[doc(hidden)]
pub use crate::verify::verify_dir as verified_of;
use crate::{Bus, Error};

/// A validator of commits lists so many violations at most; the last one then says so.
pub const FOUND_MAX: usize = 1 << 12;

impl Bus {
    /// Checks every invariant of memory that can be checked while nobody commits, and memory against the log;
    /// slow and complete. [`Bus::validate`] looks at the log and at functions, too.
    #[must_use]
    pub fn check(&self) -> Vec<Violation> {
        [invariants(self), graph(self), replay(self)].concat()
    }

    /// Runs every [validator](crate::validate) while nobody commits; slow and complete. A bus that was opened for
    /// reading can be validated, too.
    ///
    /// # Cost
    /// That of the validators: a few passes over the log that is kept, and every derived page computed ten times.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let Witness { integrity, provenance, .. } = walk::walk(self);
        [self.check(), integrity, purity(self), provenance, chains::each(self)].concat()
    }
}

/// Tells that something cannot be read.
fn unreadable(error: &Error) -> Violation {
    Violation::new("mmsb/log-readable", Place::Whole, error.to_string())
}
