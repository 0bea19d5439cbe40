//! Asking the indexes: commits that pass a filter, as stretches of log to read, forwards or backwards.
//!
//! Invariant: the stretches of one answer do not overlap; together they hold every commit that passes, once.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc};

use mmsb_tlog::{Commit, Cursor, Reader, SegmentHead};
use mmsb_types::{Epoch, Label, Lsn};
use roaring::RoaringBitmap;

use super::{Extent, Filter, Indexes, Segment, part::Part, segment::SegmentIndex};
use crate::{Error, kept::Kept};

/// In which order commits come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    OldestFirst,
    NewestFirst,
}

/// A piece of log of some 4 to 64 KiB, and which of its commits are wanted.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    start: Cursor,
    end: Lsn,
    /// The epoch that number 0 stands for.
    first: u64,
    wanted: RoaringBitmap,
}

/// Finds the commits that pass a filter, one stretch after the other.
#[derive(Debug)]
pub(crate) struct Finder {
    indexes: Arc<Indexes>,
    extent: Extent,
    filter: Filter,
    order: Order,
    /// Segments that were not looked into yet, the next one last.
    segments: Vec<Segment>,
    /// The segment being looked into, and its parts that were not, the next one last.
    index: Arc<SegmentIndex>,
    parts: Vec<usize>,
    /// What is left of the part being looked into.
    part: Option<(usize, RoaringBitmap)>,
}

impl Finder {
    pub(crate) fn new(indexes: Arc<Indexes>, extent: Extent, filter: Filter, order: Order) -> Self {
        let filter = filter.within(extent.oldest + 1..=extent.newest);
        let (first, last) = (*filter.epochs.start(), *filter.epochs.end());
        let mut segments = indexes.segments(&extent);
        segments.retain(|(head, end)| head.first_number <= last && end.is_none_or(|end| end.number >= first));
        if order == Order::OldestFirst {
            segments.reverse();
        }
        let (index, parts, part) = (Arc::default(), Vec::new(), None);
        Self { indexes, extent, filter, order, segments, index, parts, part }
    }

    /// Returns what there is of the log.
    pub(crate) fn extent(&self) -> &Extent {
        &self.extent
    }

    /// Returns the next stretch that holds a commit that passes; `None` behind the last.
    ///
    /// # Errors
    /// Those of reading an index, or the log in its place: [`Error::Corrupt`], [`Error::HistoryGone`], [`Error::Io`].
    pub(crate) fn next_stretch(&mut self) -> Result<Option<Stretch>, Error> {
        loop {
            if let Some(stretch) = self.cut_stretch() {
                return Ok(Some(stretch));
            }
            if let Some(number) = self.parts.pop() {
                self.part = Some((number, self.index.parts[number].select(&self.filter)));
                continue;
            }
            let Some(segment) = self.segments.pop() else { return Ok(None) };
            self.index = self.indexes.index(segment, &self.extent)?;
            let (order, parts) = (self.order, 0..self.index.parts.len());
            self.parts = if order == Order::OldestFirst { parts.rev().collect() } else { parts.collect() };
        }
    }

    /// Takes a stretch from the part being looked into.
    fn cut_stretch(&mut self) -> Option<Stretch> {
        let (number, left) = self.part.as_mut()?;
        let part = &self.index.parts[*number];
        let next = match self.order {
            Order::OldestFirst => left.min(),
            Order::NewestFirst => left.max(),
        };
        let Some(next) = next else {
            self.part = None;
            return None;
        };
        Some(cut(part, left, next, self.extent.start))
    }
}

/// Takes the commits around `next` out of `left`. A log in memory is not there before its start, in the middle of
/// a part; no commit before that is wanted.
pub(super) fn cut(part: &Part, left: &mut RoaringBitmap, next: u32, log_start: Cursor) -> Stretch {
    let (start, end) = part.around(next, left);
    let number = |bound: Cursor| (bound.number - part.start.number) as u32;
    let numbers = number(start)..number(end);
    let wanted = left.range(numbers.clone()).collect();
    left.remove_range(numbers);
    let start = if start.lsn < log_start.lsn { log_start } else { start };
    Stretch { start, end: end.lsn, first: part.epoch(0), wanted }
}

impl Stretch {
    /// Lets `visit` read the wanted commits of the range, oldest first; with the reader of the last stretch, if that has
    /// the file open.
    ///
    /// # Errors
    /// [`Error::Corrupt`], also for what `visit` says does not fit; [`Error::HistoryGone`], [`Error::Io`].
    pub(crate) fn read(
        &self,
        kept: &Kept,
        last: &mut Option<Reader>,
        range: RangeInclusive<u64>,
        mut visit: impl FnMut(&Commit<'_>) -> Result<(), String>,
    ) -> Result<(), Error> {
        let mut wanted = self.epochs().filter(|epoch| range.contains(epoch)).peekable();
        if wanted.peek().is_none() {
            return Ok(());
        }
        let reader = kept.reader_again(last, self.start, self.end)?;
        while let Some(&next) = wanted.peek() {
            let before = reader.cursor();
            reader.skip_to(Epoch::new(next)).map_err(|error| kept.failed(error, before.number))?;
            let commit = reader.next_commit().map_err(|error| kept.failed(error, before.number))?;
            let Some(commit) = commit else {
                return Err(kept.corrupt(before, format!("an index tells of commit {next} here")));
            };
            if commit.epoch.get() == next {
                wanted.next();
                visit(&commit).map_err(|what| kept.does_not_fit(&commit, what))?;
            }
        }
        Ok(())
    }

    /// Returns the number of the last commit before it.
    pub(super) fn before(&self) -> u64 {
        self.start.number
    }

    /// Visits the epochs of the wanted commits, rising.
    pub(crate) fn epochs(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.wanted.iter().map(|number| self.first + u64::from(number))
    }
}

impl Indexes {
    /// Returns the last commit in the extent that carries the label.
    ///
    /// # Errors
    /// As [`Finder::next_stretch`].
    pub(crate) fn last_labelled(&self, extent: &Extent, label: Label) -> Result<Option<u64>, Error> {
        let wanted = Filter::epochs(extent.oldest + 1..=extent.newest).labels(label..=label);
        for segment in self.segments(extent).into_iter().rev() {
            let index = self.index(segment, extent)?;
            let last = |part: &Arc<Part>| part.select(&wanted).max().map(|number| part.epoch(number));
            let found = index.parts.iter().rev().find_map(last);
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Returns the last commit of each label in the extent.
    ///
    /// # Errors
    /// As [`Finder::next_stretch`].
    pub(crate) fn labels(&self, extent: &Extent) -> Result<BTreeMap<Label, u64>, Error> {
        let mut last = BTreeMap::new();
        for segment in self.segments(extent) {
            let index = self.index(segment, extent)?;
            let labels = index.parts.iter().flat_map(|part| part.each_label());
            last.extend(labels.filter(|(_, epoch)| (extent.oldest + 1..=extent.newest).contains(epoch)));
        }
        Ok(last)
    }

    /// Visits all segments up to the extent's end: the head of each, its bytes, and its parts.
    ///
    /// # Errors
    /// As [`Finder::next_stretch`].
    pub(crate) fn each_segment(
        &self,
        extent: &Extent,
        mut visit: impl FnMut(&SegmentHead, u64, &[Arc<Part>]),
    ) -> Result<(), Error> {
        let all = Extent { oldest: 0, ..extent.clone() };
        for segment in self.segments(&all) {
            let index = self.index(segment, &all)?;
            let end = segment.1.map_or(extent.end, |end| end.lsn);
            visit(&segment.0, end.get().saturating_sub(segment.0.first_lsn.get()), &index.parts);
        }
        Ok(())
    }
}
