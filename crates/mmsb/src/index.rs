//! Where in the log what is: pages, labels, tags and code sites, each with the commits that have to do with it.
//!
//! Every segment has an index. That of a closed one stands in a file beside it, made by whoever writes the bus: in
//! the background, or when it is first asked for; that of the last one grows in memory. A few are kept at hand.
//!
//! Reading order: `posting` (a set of commits), `part` (the index of a stretch), `segment` (of a whole segment, and
//! its file), `cache`, `ahead` (in the background), `filter` and `find` (asking), `check`.
//!
//! Invariant: an index says nothing that the log does not say; a missing or bad one costs time, never an answer.

mod ahead;
mod backwards;
mod bytes;
mod cache;
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

use self::{
    cache::Cache,
    segment::{Growing, SegmentIndex},
};
use crate::{
    Error,
    kept::{Hold, Kept},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
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

/// The indexes of a log.
#[derive(Debug)]
pub(crate) struct Indexes {
    kept: Kept,
    /// Whether indexes of closed segments are written.
    writes: bool,
    cache: Mutex<Cache>,
    /// The last segment that was asked for while it was not closed.
    open: Mutex<Option<(SegmentHead, Growing)>>,
    /// Held by who writes one.
    writing: Mutex<()>,
    /// Somebody has asked: who asks once asks again.
    was_asked: AtomicBool,
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
        let (cache, open, writing) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { kept, writes, cache, open, writing, was_asked: AtomicBool::new(false) }
    }

    /// Tells whether anybody has asked yet: until then nothing is made ahead, for it takes time and memory.
    pub(crate) fn was_asked(&self) -> bool {
        self.was_asked.load(Ordering::Relaxed)
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
        self.was_asked.store(true, Ordering::Relaxed);
        // It may have been closed since it was found open.
        match end.or_else(|| self.end_of(&head)) {
            Some(end) => self.closed(head, end),
            None => self.open(head, extent),
        }
    }

    fn end_of(&self, head: &SegmentHead) -> Option<Cursor> {
        let manifest = self.kept.dir().manifest();
        let at = manifest.segments.iter().position(|listed| listed == head)?;
        manifest.segments.get(at + 1).map(end_before)
    }

    fn closed(&self, head: SegmentHead, end: Cursor) -> Result<Arc<SegmentIndex>, Error> {
        if let Some(index) = lock(&self.cache).get(&head) {
            return Ok(index);
        }
        let index = match SegmentIndex::load(&self.kept.dir(), &head, end) {
            Ok(index) => index,
            Err(why) => {
                why.warn(&head);
                self.make(head, end, &|| true)?.expect("it was made to its end")
            }
        };
        let index = Arc::new(index);
        lock(&self.cache).put(head, &index);
        Ok(index)
    }

    /// Makes the index of a closed segment, from what grew while it was open, if that is there; `None` if it was not
    /// to go on. Nobody waits for it meanwhile.
    fn make(
        &self,
        head: SegmentHead,
        end: Cursor,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Option<SegmentIndex>, Error> {
        let grown = lock(&self.open).take_if(|(open, _)| *open == head);
        let mut growing = grown.map_or_else(|| Growing::new(head.cursor()), |(_, growing)| growing);
        if !growing.grow(&self.kept, end.lsn, goes_on)? {
            return Ok(None);
        }
        let mut index = growing.index();
        let file = index.encode(self.kept.dir().instance(), &head);
        index.bytes = file.len();
        if self.writes {
            self.write(&head, &file);
        }
        Ok(Some(index))
    }

    /// Writes an index, unless somebody is writing one. One that is not written is made again.
    fn write(&self, head: &SegmentHead, file: &[u8]) {
        let Ok(_writing) = self.writing.try_lock() else { return };
        let dir = self.kept.dir();
        if let Err(error) = dir.write_index(head, file) {
            tracing::warn!(%error, segment = head.segment, "an index cannot be written");
        }
        // It goes with its segment, which may have gone before it came.
        if !dir.manifest().segments.contains(head) {
            let _ = dir.vfs().remove(&dir.index_path(head));
        }
    }

    fn open(&self, head: SegmentHead, extent: &Extent) -> Result<Arc<SegmentIndex>, Error> {
        // A log in memory begins in the middle of its one segment.
        let start = if extent.start.lsn > head.cursor().lsn { extent.start } else { head.cursor() };
        self.grow_open(head, start, extent.end, &|| true, |growing| Arc::new(growing.index()))
    }

    /// Lets what is known of the open segment, from `start` on, grow to `end`, as long as `goes_on` says so, and calls
    /// `then` with it.
    fn grow_open<T>(
        &self,
        head: SegmentHead,
        start: Cursor,
        end: Lsn,
        goes_on: &dyn Fn() -> bool,
        then: impl FnOnce(&mut Growing) -> T,
    ) -> Result<T, Error> {
        let is_usable =
            |(open, growing): &(SegmentHead, Growing)| *open == head && growing.end().lsn >= start.lsn;
        let mut held = lock(&self.open);
        let open = held.take().filter(is_usable);
        let (_, growing) = held.insert(open.unwrap_or_else(|| (head, Growing::new(start))));
        growing.forget_before(start);
        growing.grow(&self.kept, end, goes_on)?;
        Ok(then(growing))
    }
}

/// Who panicked left an index out, or a part of one: nothing that is wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the place where the segment before `next` ends.
fn end_before(next: &SegmentHead) -> Cursor {
    Cursor { lsn: next.first_lsn, ..next.cursor() }
}
