//! Comparing a replayed state with a checkpoint of it: every page, its last change, all names, the graph.
//!
//! Invariant: a page is compared as the chain tells it, not as one file of the chain does.

use std::collections::BTreeSet;

use mmsb_tlog::{CheckpointRef, StoredPage};
use mmsb_types::PageId;

use super::{Mismatch, Replay, ReplayDifference};
use crate::{
    Error,
    bus::store_error,
    checkpoint::{Chain, Sink},
    state::{StatePages, resize},
    state_hash::notes_of,
};

/// What differs, by page.
struct Comparison<'r> {
    replayed: &'r StatePages,
    seen: BTreeSet<PageId>,
    buffer: Vec<u8>,
    /// The lowest page that differs, and how.
    first: Option<(PageId, String)>,
}

impl Replay {
    /// Compares the state with the checkpoint of it that `chain` ends in.
    pub(super) fn compare_checkpoint(&mut self, chain: &[CheckpointRef]) -> Result<(), Error> {
        let mut comparison = Comparison::new(&self.pages.pages);
        let heading = Chain::open(&self.kept, chain)?.load(&mut comparison)?;
        let found = comparison.finish();
        self.verified.checkpoint_count += 1;
        let epoch = self.heading.epoch;
        let page = found.as_ref().map(|(page, _)| (*page, epoch));
        let (names, kept) = (&self.heading.names, &heading.names);
        let what = match found {
            Some((page, what)) => Some(format!("{page} {what}")),
            None if notes_of(names) != notes_of(kept) => Some("names or places of pages".to_owned()),
            None if names.next_id != kept.next_id => Some("the next id".to_owned()),
            None if self.heading.graph != heading.graph => Some("the graph".to_owned()),
            None => None,
        };
        match (&mut self.verified.difference, what) {
            // A hash told of it before.
            (Some(difference), _) => difference.page = difference.page.or(page),
            (none, Some(what)) => {
                *none = Some(ReplayDifference { epoch, by: Mismatch::Checkpoint { what }, page });
            }
            (None, None) => self.verified.equal = epoch,
        }
        Ok(())
    }
}

impl<'r> Comparison<'r> {
    fn new(replayed: &'r StatePages) -> Self {
        Self { replayed, seen: BTreeSet::new(), buffer: Vec::new(), first: None }
    }

    fn differs(&mut self, page: PageId, what: impl Into<String>) {
        if self.first.as_ref().is_none_or(|(first, _)| page < *first) {
            self.first = Some((page, what.into()));
        }
    }

    /// Looks for pages that the checkpoint has not.
    fn finish(mut self) -> Option<(PageId, String)> {
        let replayed = self.replayed;
        if let Some((page, _)) = replayed.iter().find(|(page, _)| !self.seen.contains(page)) {
            self.differs(page, "does not live there");
        }
        self.first
    }
}

impl Sink for Comparison<'_> {
    fn has(&self, page: PageId) -> bool {
        self.seen.contains(&page)
    }

    fn take(&mut self, stored: &StoredPage<'_>) -> Result<(), Error> {
        let page = stored.page;
        self.seen.insert(page);
        let Some(state) = self.replayed.get(page) else {
            self.differs(page, "lives there alone");
            return Ok(());
        };
        if state.bytes.len() != stored.page_bytes as usize {
            self.differs(page, format!("has {} bytes there", stored.page_bytes));
            return Ok(());
        }
        resize(&mut self.buffer, stored.page_bytes as usize).map_err(store_error)?;
        stored.write_into(&mut self.buffer);
        let at = self.buffer.iter().zip(&*state.bytes).position(|(there, here)| there != here);
        if let Some(at) = at {
            self.differs(page, format!("has another byte at {at}"));
        } else if state.epoch != stored.epoch {
            self.differs(page, format!("was changed last by {} there", stored.epoch));
        }
        Ok(())
    }
}
