//! Where in the log what is: pages, labels, tags and code sites, each with the commits that have to do with it.
//!
//! Every segment has an index. That of a closed one stands in a file beside it, made when it is first asked for
//! and written by whoever writes the bus; that of the last one grows in memory. A few are kept at hand.
//!
//! Reading order: `posting` (a set of commits), `part` (the index of a stretch), `segment` (of a whole segment, and
//! its file), `filter` and `find` (asking), `check`.
//!
//! Invariant: an index says nothing that the log does not say; a missing or bad one costs time, never an answer.

mod backwards;
mod bytes;
mod check;
mod filter;
mod find;
mod part;
mod posting;
mod segment;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError};

use mmsb_tlog::{Cursor, SegmentHead};
use mmsb_types::Lsn;

use self::segment::{Growing, NoIndex, SegmentIndex};
use crate::{
    Error,
    kept::{Hold, Kept},
    sync::Mutex,
};

pub use self::check::verify_indexes;
pub(crate) use self::{
    backwards::{Backwards, Looked},
    filter::Filter,
    find::{Finder, Order, Stretch},
    part::{Key, Tally},
    segment::comes_back,
};

/// A segment, and where it ends if it is closed.
type Segment = (SegmentHead, Option<Cursor>);

/// Indexes of closed segments are kept at hand up to so many bytes, the least lately used going first.
const CACHE_BYTES: usize = 4 << 20;

/// The indexes of a log.
#[derive(Debug)]
pub(crate) struct Indexes {
    kept: Kept,
    /// Whether indexes of closed segments are written.
    writes: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Closed segments, the most lately used last.
    cache: Vec<(SegmentHead, Arc<SegmentIndex>)>,
    /// The last segment that was asked for while it was not closed.
    open: Option<(SegmentHead, Growing)>,
}

/// What there is of a log at one moment. On disk it stays as long as this lives.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    /// Where a log in memory goes on behind the oldest state; nothing before it can be read.
    pub(crate) start: Cursor,
    pub(crate) end: Lsn,
    /// The oldest state that can be shown: its commit is not among those that can be found, nor is any before it.
    pub(crate) oldest: u64,
    /// The last commit that can be found.
    pub(crate) newest: u64,
    pub(crate) _hold: Option<Arc<Hold>>,
}

impl Indexes {
    /// Makes the indexes of a log; `writes` if it is this bus that writes it, to a disk.
    pub(crate) fn new(kept: Kept, writes: bool) -> Self {
        Self { kept, writes, state: Mutex::default() }
    }

    /// Returns the segments that hold commits of the extent, and where each ends; the last one is open.
    fn segments(&self, extent: &Extent) -> Vec<Segment> {
        let manifest = self.kept.dir().manifest();
        let ends = manifest.segments.iter().skip(1).map(|next| Some(end_before(next))).chain([None]);
        let all = manifest.segments.iter().copied().zip(ends);
        let is_in = |(head, end): &Segment| {
            head.first_number <= extent.newest && end.is_none_or(|end| end.number > extent.oldest)
        };
        all.filter(is_in).collect()
    }

    /// Returns the index of a segment, as far as the extent goes.
    fn index(&self, (head, end): Segment, extent: &Extent) -> Result<Arc<SegmentIndex>, Error> {
        // It may have been closed since it was found open.
        let end = end.or_else(|| self.end_of(&head));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match end {
            Some(end) => self.closed(&mut state, head, end),
            None => self.open(&mut state, head, extent),
        }
    }

    fn end_of(&self, head: &SegmentHead) -> Option<Cursor> {
        let manifest = self.kept.dir().manifest();
        let at = manifest.segments.iter().position(|listed| listed == head)?;
        manifest.segments.get(at + 1).map(end_before)
    }

    fn closed(&self, state: &mut State, head: SegmentHead, end: Cursor) -> Result<Arc<SegmentIndex>, Error> {
        if let Some(at) = state.cache.iter().position(|(cached, _)| *cached == head) {
            let used = state.cache.remove(at);
            let index = Arc::clone(&used.1);
            state.cache.push(used);
            return Ok(index);
        }
        let index = match SegmentIndex::load(&self.kept.dir(), &head, end) {
            Ok(index) => index,
            Err(why) => self.make(state, head, end, &why)?,
        };
        let index = Arc::new(index);
        state.cache.push((head, Arc::clone(&index)));
        state.trim();
        Ok(index)
    }

    /// Makes the index of a closed segment; from what grew while it was open, if that is there.
    fn make(
        &self,
        state: &mut State,
        head: SegmentHead,
        end: Cursor,
        why: &NoIndex,
    ) -> Result<SegmentIndex, Error> {
        if let NoIndex::Bad(what) = why {
            tracing::warn!(segment = head.segment, what, "an index cannot be used and is made again");
        }
        let grown = state.open.take_if(|(open, _)| *open == head);
        let mut growing = grown.map_or_else(|| Growing::new(head.cursor()), |(_, growing)| growing);
        growing.grow(&self.kept, end.lsn)?;
        let mut index = growing.index();
        let dir = self.kept.dir();
        let file = index.encode(dir.instance(), &head);
        index.bytes = file.len();
        if self.writes
            && let Err(error) = dir.write_index(&head, &file)
        {
            tracing::warn!(%error, segment = head.segment, "an index cannot be written");
        }
        Ok(index)
    }

    fn open(
        &self,
        state: &mut State,
        head: SegmentHead,
        extent: &Extent,
    ) -> Result<Arc<SegmentIndex>, Error> {
        // A log in memory begins in the middle of its one segment.
        let start = if extent.start.lsn > head.cursor().lsn { extent.start } else { head.cursor() };
        let is_usable =
            |(open, growing): &(SegmentHead, Growing)| *open == head && growing.end().lsn >= start.lsn;
        let open = state.open.take().filter(is_usable);
        let (_, growing) = state.open.insert(open.unwrap_or_else(|| (head, Growing::new(start))));
        growing.forget_before(start);
        growing.grow(&self.kept, extent.end)?;
        Ok(Arc::new(growing.index()))
    }
}

impl State {
    fn trim(&mut self) {
        let mut bytes: usize = self.cache.iter().map(|(_, index)| index.bytes).sum();
        while bytes > CACHE_BYTES {
            bytes -= self.cache.remove(0).1.bytes;
        }
    }
}

/// Returns the place where the segment before `next` ends.
fn end_before(next: &SegmentHead) -> Cursor {
    Cursor { lsn: next.first_lsn, ..next.cursor() }
}
