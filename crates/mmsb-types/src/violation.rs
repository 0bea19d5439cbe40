//! What a check found broken.

use alloc::string::String;
use core::fmt;

use crate::{Epoch, Lsn, PageId};

/// One broken invariant, found by a `check` function. `docs/invariants.md` lists the rules by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule's name, `crate/rule`.
    pub rule: &'static str,
    /// Where it is broken.
    pub place: Place,
    /// What was found there.
    pub facts: String,
}

/// Where a violation sits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In one page.
    Page(PageId),
    /// At one published state.
    Epoch(Epoch),
    /// At a byte of the log.
    Lsn(Lsn),
    /// At the entry with this index.
    Entry(usize),
    /// In the structure as a whole.
    Whole,
}

impl Violation {
    /// Makes a violation of `rule` at `place`.
    #[must_use]
    pub fn new(rule: &'static str, place: Place, facts: impl Into<String>) -> Self {
        Self { rule, place, facts: facts.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {:?}: {}", self.rule, self.place, self.facts)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(page) => fmt::Debug::fmt(page, f),
            Self::Epoch(epoch) => fmt::Debug::fmt(epoch, f),
            Self::Lsn(lsn) => fmt::Debug::fmt(lsn, f),
            Self::Entry(index) => write!(f, "entry {index}"),
            Self::Whole => f.write_str("the whole"),
        }
    }
}
