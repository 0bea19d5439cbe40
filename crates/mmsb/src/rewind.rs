//! Going back: the state of an earlier epoch becomes the newest one, by one commit forward.
//!
//! 1. What the undo records cannot tell is read from the log, holding nothing.
//! 2. The graph lock, then the exclusive gate: whoever commits ends first, nobody else begins.
//! 3. One transaction of what differs: bytes, pages, names, the graph; from the records, or against the state read.
//! 4. It is committed like any other, and the gate opens.
//!
//! Invariant: history is never rewritten. Replay is a plain forward pass, numbers only rise, an id is never
//! given to another page: a page that comes back begins a new life of its own id.

mod coverage;
mod from_log;
mod from_undo;
mod pages;

use mmsb_types::{Durability, Epoch};

use crate::{
    Bus, Committed, Error, Past, Transaction, commit,
    wave::{GraphHeld, LiveGraph},
};

/// Who made the commit, as its history tells. To which epoch is told apart: texts are kept for ever.
const TAG: &str = "rewind";

/// What going back came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rewound {
    /// The state it made.
    pub epoch: Epoch,
    /// The state that one equals.
    pub target: Epoch,
    /// How safe it was when `rewind` returned.
    pub reached: Durability,
    /// Pages written, brought back, deleted or renamed.
    pub page_count: usize,
    /// Bytes put back, whether they differed or not.
    pub byte_count: usize,
    /// Where they came from.
    pub source: RewindSource,
}

/// Where a rewind found the bytes to put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewindSource {
    /// What the newest commits replaced, kept in memory: [`Builder::undo`](crate::Builder::undo).
    Undo,
    /// The log.
    Log,
}

/// What a transaction was filled with.
#[derive(Clone, Copy, Debug, Default)]
struct Restored {
    page_count: usize,
    byte_count: usize,
}

impl Bus {
    /// Makes the state as it was at `epoch` the newest one, by one commit: bytes, pages, names, and
    /// the graph with its registrations and flags.
    ///
    /// A page deleted since comes back under its id, with its bytes and name; a page created since is
    /// deleted. History stays: what is undone can still be shown, and be rewound to. To rewind to the newest
    /// epoch is a commit without change. The commit carries no label, so [`Bus::at_label`] goes on finding
    /// what a program labels itself: ticks simulated again count, those undone do not.
    ///
    /// Commits of other threads end before it or begin after it; a transaction begun before it and committed
    /// after is judged by its preconditions, as always.
    ///
    /// # Errors
    /// Nothing happened: [`Error::EpochAhead`], [`Error::HistoryGone`], [`Error::RecordTooLarge`],
    /// [`Error::Busy`] if a commit under way does not end, [`Error::ReadOnly`], and those of [`Bus::at`] and
    /// [`Transaction::commit`]. Published, but its fate unknown: [`Error::OutcomeUnknown`].
    ///
    /// # Cost
    /// Within the newest commits of [`Builder::undo`](crate::Builder::undo), about what those commits cost;
    /// others wait meanwhile. Beyond them the log is read as by [`Bus::at`], while others go on; they wait
    /// only as long as the pages changed since `epoch` are compared.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// let bus = mmsb::Bus::in_memory()?;
    /// let page = bus.create_page("score", 8)?;
    /// let before = bus.put(page, 0, &1_u64)?.epoch;
    /// bus.put(page, 0, &2_u64)?;
    /// let rewound = bus.rewind(before)?;
    /// assert_eq!(bus.get::<u64>(page, 0)?, 1);
    /// assert!(rewound.epoch > before);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn rewind(&self, epoch: Epoch) -> Result<Rewound, Error> {
        let mut tx = self.begin().tag(TAG);
        tx.draft.columns().rewinds_to = Some(epoch);
        // The clock is the user's code, which runs before anything is held.
        let nanos = self.now_nanos();
        let mut past = if self.is_undoable(epoch)? { None } else { Some(self.past_to_rewind_to(epoch)?) };
        let (made, restored, source) = loop {
            let mut graph = GraphHeld::new(self)?;
            let gate = self.gate()?;
            if let Some((restored, source)) = fill(self, &mut tx, epoch, past.as_ref(), graph.live())? {
                break (graph.publish_as_is(&mut tx, gate.committer(), nanos)?, restored, source);
            }
            // So much was committed meanwhile that the records reach back no longer.
            drop((gate, graph));
            past = Some(self.past_to_rewind_to(epoch)?);
        };
        let Committed { epoch: made, reached } = commit::settle(self, made, tx.draft.durability)?;
        let Restored { page_count, byte_count } = restored;
        Ok(Rewound { epoch: made, target: epoch, reached, page_count, byte_count, source })
    }

    /// Tells whether the undo records seem to reach back to `epoch`. Others may commit meanwhile.
    fn is_undoable(&self, epoch: Epoch) -> Result<bool, Error> {
        self.journal().log()?.check_poison()?;
        let newest = self.newest_for(epoch);
        if epoch > newest {
            return Err(Error::EpochAhead { asked: epoch, newest });
        }
        Ok(self.undo().oldest(newest) <= epoch)
    }

    /// Reads the state from the log; a bus without one reaches back as far as its undo records.
    fn past_to_rewind_to(&self, epoch: Epoch) -> Result<Past, Error> {
        self.at(epoch).map_err(|error| match error {
            Error::NoHistory => Error::HistoryGone { asked: epoch, oldest: self.undo().oldest(self.epoch()) },
            error => error,
        })
    }
}

/// Fills the transaction with what leads back to `target`; `None` if that is neither in the undo records nor
/// in `past`. Nobody commits meanwhile.
fn fill(
    bus: &Bus,
    tx: &mut Transaction<'_>,
    target: Epoch,
    past: Option<&Past>,
    live: &LiveGraph,
) -> Result<Option<(Restored, RewindSource)>, Error> {
    if let Some(records) = bus.undo().records(target, bus.epoch()) {
        return from_undo::fill(bus, tx, &records, live).map(|restored| Some((restored, RewindSource::Undo)));
    }
    let Some(past) = past else { return Ok(None) };
    from_log::fill(bus, tx, past, live).map(|restored| Some((restored, RewindSource::Log)))
}
