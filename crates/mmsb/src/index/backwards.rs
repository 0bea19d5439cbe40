//! Asking the indexes backwards: the last commit up to a bound that touches a page.
//!
//! Invariant: while bounds fall from question to question, the index of each segment is had once.

use std::sync::Arc;

use mmsb_types::PageId;
use roaring::RoaringBitmap;

use super::{
    Extent, Filter, Indexes, Segment,
    find::{Stretch, cut},
    part::Part,
    segment::SegmentIndex,
};
use crate::Error;

/// The indexes of one extent of log.
pub(crate) struct Backwards {
    indexes: Arc<Indexes>,
    extent: Extent,
    /// Oldest first.
    segments: Vec<Segment>,
    /// The segment that was looked into last: its place among them, and its index.
    at: (usize, Arc<SegmentIndex>),
    known: Option<Known>,
}

/// The commits up to some epoch of the part that was looked into last, that touch the page that was looked for.
struct Known {
    part: Arc<Part>,
    page: PageId,
    until: u64,
    numbers: RoaringBitmap,
}

/// What was found of a page.
pub(crate) enum Looked {
    /// The last commit that touches it.
    Found(u64),
    /// None in this segment: the bound to look for it from.
    Before(u64),
    /// None at all.
    Nowhere,
}

impl Backwards {
    pub(crate) fn new(indexes: Arc<Indexes>, extent: Extent) -> Self {
        let segments = indexes.segments(&extent);
        Self { indexes, extent, segments, at: (usize::MAX, Arc::default()), known: None }
    }

    /// Returns the oldest state that can be shown; no commit up to it can be found.
    pub(crate) fn oldest(&self) -> u64 {
        self.extent.oldest
    }

    /// Looks for the last commit up to `until` that touches the page, in the segment that holds `until`.
    ///
    /// # Errors
    /// As [`Finder::next_stretch`](super::Finder::next_stretch).
    pub(crate) fn look(&mut self, page: PageId, until: u64) -> Result<Looked, Error> {
        if !self.enter(until)? {
            return Ok(Looked::Nowhere);
        }
        let (at, index) = (self.at.0, Arc::clone(&self.at.1));
        let parts = index.parts.iter().rev().filter(|part| part.epoch(0) <= until);
        let last = |part| self.known(part, page, until).numbers.max().map(|number| part.epoch(number));
        let found = { parts }.find_map(last);
        Ok(found.map_or(Looked::Before(self.segments[at].0.first_number - 1), Looked::Found))
    }

    /// Returns the stretch that holds the commit `until`, which touches the page; all others in it that do so, and
    /// come before it, are wanted, too.
    ///
    /// # Errors
    /// As [`Backwards::look`].
    pub(crate) fn stretch(&mut self, page: PageId, until: u64) -> Result<Stretch, Error> {
        let (part, start) = (self.part(until)?, self.extent.start);
        let known = self.known(&part, page, until);
        let stretch = cut(&part, &mut known.numbers, part.number(until), start);
        known.until = stretch.before();
        Ok(stretch)
    }

    /// Returns the stretch that holds the commit `epoch`. Wanted is that one, and of those from a commit on those that
    /// `others` names, as far as they stand together.
    ///
    /// # Errors
    /// As [`Backwards::look`].
    pub(crate) fn around(
        &mut self,
        epoch: u64,
        others: impl FnOnce(u64) -> Vec<u64>,
    ) -> Result<Stretch, Error> {
        let part = self.part(epoch)?;
        let first = part.reach(part.number(epoch));
        let wanted = others(first).into_iter().chain([epoch]);
        let mut wanted = wanted.map(|wanted| part.number(wanted)).collect();
        Ok(cut(&part, &mut wanted, part.number(epoch), self.extent.start))
    }

    /// Returns the part that holds a commit.
    fn part(&mut self, epoch: u64) -> Result<Arc<Part>, Error> {
        let is_there = self.enter(epoch)?;
        debug_assert!(is_there, "an index told of e{epoch}");
        let parts = &self.at.1.parts;
        Ok(Arc::clone(&parts[parts.partition_point(|part| part.end.number < epoch)]))
    }

    /// Returns the commits of the part up to `until` that touch the page: found, or left of those that are known.
    fn known(&mut self, part: &Arc<Part>, page: PageId, until: u64) -> &mut Known {
        let is_it =
            |known: &Known| Arc::ptr_eq(&known.part, part) && known.page == page && known.until >= until;
        let mut known = self.known.take().filter(is_it).unwrap_or_else(|| {
            let filter = Filter::epochs(self.extent.oldest + 1..=until).page(page);
            Known { part: Arc::clone(part), page, until, numbers: part.select(&filter) }
        });
        if until < part.end.number {
            known.numbers.remove_range(part.number(until + 1)..);
        }
        known.until = until;
        self.known.insert(known)
    }

    /// Goes to the segment that holds a commit; `false` if none does.
    fn enter(&mut self, epoch: u64) -> Result<bool, Error> {
        let behind = self.segments.partition_point(|(head, _)| head.first_number <= epoch);
        let Some(at) = behind.checked_sub(1).filter(|_| epoch > self.extent.oldest) else { return Ok(false) };
        if self.at.0 != at {
            self.at = (at, self.indexes.index(self.segments[at], &self.extent)?);
        }
        Ok(true)
    }
}
