//! Which commits two states have in common: what they share need not be compared.
//!
//! Every opened bus begins a line of commits; a branch follows its parent's up to its base and goes on by
//! itself. Two opened buses never share a line, even of one directory: whether somebody wrote in between is
//! not known here.
//!
//! Invariant: if two lineages share the commits through e, a page that e or an earlier one changed last is
//! the same in both, byte for byte.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use mmsb_types::{Epoch, PageId};

use crate::sync::atomic::{AtomicU64, Ordering};

/// What a state descends from.
#[derive(Clone, Debug)]
pub struct Lineage {
    /// Oldest first; the last one is the state's own.
    lines: Arc<[Line]>,
}

/// One line of commits, up to where a branch left it.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// No other line of this process has it.
    number: u64,
    shared: Shared,
}

/// What two states have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shared {
    /// The last commit that both descend from.
    pub(crate) through: Epoch,
    /// The lowest id that both may have given to a page of their own.
    pub(crate) next_id: PageId,
}

/// What has a lineage. Private: only this crate's types are views.
pub trait Lined {
    /// Returns what the state descends from.
    fn lineage(&self) -> &Lineage;
}

impl<L: Lined + ?Sized> Lined for &L {
    fn lineage(&self) -> &Lineage {
        (**self).lineage()
    }
}

impl Shared {
    /// All there is, and will be.
    const ALL: Self = Self { through: Epoch::new(u64::MAX), next_id: PageId::new(u64::MAX) };
    /// Nothing but that both give their ids in turn: runs of one program make the same pages.
    const NOTHING: Self = Self { through: Epoch::ZERO, next_id: PageId::new(u64::MAX) };
}

impl Lineage {
    /// Begins a line that nobody shares yet.
    pub(crate) fn new() -> Self {
        Self { lines: Arc::new([Line::begin()]) }
    }

    /// Returns the lineage of a branch that leaves this one behind the commit `base`, when `next_id` was the
    /// lowest id never given out.
    pub(crate) fn fork(&self, base: Epoch, next_id: PageId) -> Self {
        let mut lines = self.lines.to_vec();
        if let Some(parent) = lines.last_mut() {
            parent.shared = Shared { through: base, next_id };
        }
        lines.push(Line::begin());
        Self { lines: lines.into() }
    }

    /// Returns what two states have in common.
    pub(crate) fn shared_with(&self, other: &Self) -> Shared {
        let common = self.lines.iter().zip(&*other.lines).take_while(|(one, two)| one.number == two.number);
        common.last().map_or(Shared::NOTHING, |(one, two)| Shared {
            through: one.shared.through.min(two.shared.through),
            next_id: one.shared.next_id.min(two.shared.next_id),
        })
    }
}

impl Line {
    fn begin() -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        Self { number: NUMBERS.fetch_add(1, Ordering::Relaxed), shared: Shared::ALL }
    }
}
