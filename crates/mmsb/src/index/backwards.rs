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
        Self { indexes, extent, segments, at: (usize::MAX, Arc::default()) }
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
        let (filter, (at, index)) = (self.touching(page, until), &self.at);
        let last = |part: &Arc<Part>| part.select(&filter).max().map(|number| part.epoch(number));
        let found = index.parts.iter().rev().find_map(last);
        Ok(found.map_or(Looked::Before(self.segments[*at].0.first_number - 1), Looked::Found))
    }

    /// Returns the stretch that holds the commit `until`, which touches the page; all others in it that do so, and
    /// come before it, are wanted, too.
    ///
    /// # Errors
    /// As [`Backwards::look`].
    pub(crate) fn stretch(&mut self, page: PageId, until: u64) -> Result<Stretch, Error> {
        let filter = self.touching(page, until);
        self.cut(until, |part| part.select(&filter))
    }

    /// Returns the stretch that holds the commit `epoch`. Wanted is that one, and of those from the stretch's first on
    /// those that `others` names.
    ///
    /// # Errors
    /// As [`Backwards::look`].
    pub(crate) fn around(
        &mut self,
        epoch: u64,
        others: impl FnOnce(u64) -> Vec<u64>,
    ) -> Result<Stretch, Error> {
        self.cut(epoch, |part| {
            let (start, ..) = part.around((epoch - part.epoch(0)) as u32);
            let wanted = others(start.number + 1).into_iter().chain([epoch]);
            wanted.map(|wanted| (wanted - part.epoch(0)) as u32).collect()
        })
    }

    fn touching(&self, page: PageId, until: u64) -> Filter {
        Filter::epochs(self.extent.oldest + 1..=until).page(page)
    }

    fn cut(&mut self, epoch: u64, choose: impl FnOnce(&Part) -> RoaringBitmap) -> Result<Stretch, Error> {
        let is_there = self.enter(epoch)?;
        debug_assert!(is_there, "an index told of e{epoch}");
        let parts = &self.at.1.parts;
        let part = &parts[parts.partition_point(|part| part.end.number < epoch)];
        let number = (epoch - part.epoch(0)) as u32;
        Ok(cut(part, &mut choose(part), number, self.extent.start))
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
