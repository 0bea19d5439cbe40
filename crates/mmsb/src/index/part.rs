//! A part: the index of one stretch of log, at most 65,536 commits and about 8 MiB long.
//!
//! A long stretch is a row of parts, so that nothing about it grows: numbers within a part take two bytes, a
//! part that is complete never changes again, and one that is given up goes as a whole.
//!
//! Invariant: what a part tells is a matter of the records between its start and its end alone.

mod codec;
mod collect;

use std::{
    collections::HashMap,
    ops::{Bound, RangeInclusive},
};

use mmsb_tlog::Cursor;
use mmsb_types::{Label, Lsn, PageId};
use roaring::{RoaringBitmap, RoaringTreemap};

use super::{filter::Filter, posting};

pub(super) use self::collect::Collector;

/// Commits that change more pages than this are listed by themselves, so that one of them costs a few bytes a
/// page at most, and next to nothing where ids follow each other.
pub(super) const BROAD_PAGES: usize = 256;

/// As many bytes of log are read in one go, if commits that are wanted stand in pieces that follow each other.
const STRETCH_BYTES: u64 = 64 << 10;

/// So many pages of a part are asked for by [`Part::answers`].
const ASKED_PAGES: usize = 64;

/// The index of a stretch of log. Numbers are counted from its first commit on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(super) start: Cursor,
    pub(super) end: Cursor,
    pub(super) tally: Tally,
    /// Places between records, rising, at least 4 KiB apart; the start is not among them. What is between two of them,
    /// or one of them and an end of the part, is a *piece*.
    pub(super) places: Vec<Place>,
    /// The pages that commits touch which are not broad.
    pub(super) pages: RoaringTreemap,
    /// For each of these pages, by rising id, the word of its commits.
    pub(super) words: Vec<u32>,
    /// The sets that words name.
    pub(super) postings: Vec<u8>,
    /// Commits that touch very many pages, rising, and which.
    pub(super) broad: Vec<(u16, RoaringTreemap)>,
    /// Labels, in the order of the commits.
    pub(super) labels: Vec<LabelRun>,
    /// What else commits are found by, in the order of the keys, with the words of their commits.
    pub(super) keys: Vec<(Key, u32)>,
}

/// A place from which the log can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes behind the part's start.
    pub(super) offset: u32,
    /// Commits before it in the part.
    pub(super) number: u32,
    /// The log's chain value there.
    pub(super) chain: u32,
}

/// Labels that rise by one from commit to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LabelRun {
    /// That of the first commit.
    pub(super) label: u64,
    /// The first commit.
    pub(super) number: u16,
    /// How many follow it.
    pub(super) more: u16,
}

/// What commits are found by, beside pages and labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// The number of a tag.
    Tag(u32),
    /// The number of a code site.
    Site(u32),
    /// Pages are created, deleted or named.
    Catalogue,
}

/// What the records of a stretch amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) mark_count: u32,
    pub(crate) state_count: u32,
    /// Marks that told of a later sync than those before them.
    pub(crate) sync_count: u32,
    /// Commits that carry a label.
    pub(crate) label_count: u32,
    pub(crate) created_count: u64,
    pub(crate) deleted_count: u64,
    pub(crate) run_count: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) frame_bytes: u64,
    pub(crate) frame_bytes_max: u64,
    /// The last number that a mark up to the end told to be durable.
    pub(crate) synced_through: u64,
}

impl Part {
    /// Returns how many commits there are.
    pub(crate) fn commit_count(&self) -> u64 {
        self.end.number - self.start.number
    }

    /// Returns the epoch of the commit with this number in the part.
    pub(super) fn epoch(&self, number: u32) -> u64 {
        self.start.number + 1 + u64::from(number)
    }

    /// Returns the number in the part of the commit with this epoch.
    pub(super) fn number(&self, epoch: u64) -> u32 {
        (epoch - self.epoch(0)) as u32
    }

    /// Returns the commits that pass the filter.
    pub(super) fn select(&self, filter: &Filter) -> RoaringBitmap {
        let Some(numbers) = self.within(&filter.epochs) else { return RoaringBitmap::new() };
        let mut found = match filter.page {
            Some(page) => self.touching(page),
            None => all(&numbers),
        };
        found.remove_range(..*numbers.start());
        found.remove_range((Bound::Excluded(*numbers.end()), Bound::Unbounded));
        for &key in &filter.keys {
            found &= self.having(key).unwrap_or_default();
        }
        if let Some(labels) = filter.labels.as_ref().filter(|_| !found.is_empty()) {
            found &= self.labelled(labels);
        }
        found
    }

    /// Visits labels and the epochs of their commits.
    pub(super) fn each_label(&self) -> impl Iterator<Item = (Label, u64)> {
        self.labels.iter().flat_map(|run| {
            (0..=u64::from(run.more))
                .map(|step| (Label::new(run.label + step), self.epoch(u32::from(run.number)) + step))
        })
    }

    /// Adds up how many commits touch each page.
    pub(crate) fn count_pages(&self, counts: &mut HashMap<u64, u64>) {
        for (page, &word) in self.pages.iter().zip(&self.words) {
            *counts.entry(page).or_default() += self.count(word);
        }
        for page in self.broad.iter().flat_map(|(_, pages)| pages) {
            *counts.entry(page).or_default() += 1;
        }
    }

    /// Returns what the records amount to.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Visits keys and how many commits have them.
    pub(crate) fn each_key(&self) -> impl Iterator<Item = (Key, u64)> {
        self.keys.iter().map(|&(key, word)| (key, self.count(word)))
    }

    /// Visits the commits of each page, by rising id.
    pub(super) fn page_sets(&self) -> impl Iterator<Item = Option<RoaringBitmap>> {
        self.words.iter().map(|&word| posting::read(&self.postings, word))
    }

    /// Visits keys and their commits.
    pub(super) fn key_sets(&self) -> impl Iterator<Item = (Key, Option<RoaringBitmap>)> {
        self.keys.iter().map(|&(key, word)| (key, posting::read(&self.postings, word)))
    }

    /// Asks for all that can be asked; tells whether no more commits are found than there are.
    pub(super) fn answers(&self) -> bool {
        let mut counts = HashMap::new();
        self.count_pages(&mut counts);
        let of_pages = counts.into_iter().take(ASKED_PAGES).map(|(page, count)| {
            let filter = Filter::epochs(0..=u64::MAX).page(PageId::new(page));
            count.max(self.select(&filter).len())
        });
        let of_keys =
            self.each_key().map(|(key, count)| count.max(self.having(key).map_or(0, |set| set.len())));
        let labels = self.each_label().count() as u64;
        of_pages.chain(of_keys).chain([labels]).all(|count| count <= self.commit_count())
    }

    fn count(&self, word: u32) -> u64 {
        posting::extent(&self.postings, word).map_or(0, |set| set.count)
    }

    /// Returns the ends of the piece that holds the commit with this number, and of all around it as far as each holds
    /// some of `wanted`, too, up to 64 KiB.
    pub(super) fn around(&self, number: u32, wanted: &RoaringBitmap) -> (Cursor, Cursor) {
        let mut first = self.piece_of(number);
        let mut behind = first + 1;
        while first > 0 && self.is_one_go(first - 1, behind) && self.has_any(first - 1, wanted) {
            first -= 1;
        }
        while behind <= self.places.len() && self.is_one_go(first, behind + 1) && self.has_any(behind, wanted)
        {
            behind += 1;
        }
        (self.bound(first), self.bound(behind))
    }

    /// Returns the first commit that may be read in one go with the one with this number.
    pub(super) fn reach(&self, number: u32) -> u64 {
        let last = self.piece_of(number);
        let first = (0..last).rev().take_while(|&first| self.is_one_go(first, last + 1)).last();
        self.bound(first.unwrap_or(last)).number + 1
    }

    fn piece_of(&self, number: u32) -> usize {
        self.places.partition_point(|place| place.number <= number)
    }

    /// Returns where a piece begins, and the one before it ends.
    fn bound(&self, piece: usize) -> Cursor {
        match piece.checked_sub(1) {
            Some(place) => self.places.get(place).map_or(self.end, |&place| self.cursor(place)),
            None => self.start,
        }
    }

    fn is_one_go(&self, first: usize, behind: usize) -> bool {
        self.bound(behind).lsn.get() - self.bound(first).lsn.get() <= STRETCH_BYTES
    }

    fn has_any(&self, piece: usize, wanted: &RoaringBitmap) -> bool {
        let number = |bound: Cursor| (bound.number - self.start.number) as u32;
        wanted.range_cardinality(number(self.bound(piece))..number(self.bound(piece + 1))) > 0
    }

    fn cursor(&self, place: Place) -> Cursor {
        Cursor {
            lsn: Lsn::new(self.start.lsn.get() + u64::from(place.offset)),
            number: self.start.number + u64::from(place.number),
            chain: place.chain,
        }
    }

    /// Returns the numbers of the commits with these epochs; `None` if there are none.
    fn within(&self, epochs: &RangeInclusive<u64>) -> Option<RangeInclusive<u32>> {
        let (first, last) = (self.epoch(0).max(*epochs.start()), self.end.number.min(*epochs.end()));
        (first <= last).then(|| self.number(first)..=self.number(last))
    }

    fn touching(&self, page: PageId) -> RoaringBitmap {
        let mut set = RoaringBitmap::new();
        if self.pages.contains(page.get()) {
            let row = self.pages.rank(page.get()) as usize - 1;
            set = posting::read(&self.postings, self.words[row]).unwrap_or_default();
        }
        let broad = self.broad.iter().filter(|(_, pages)| pages.contains(page.get()));
        set.extend(broad.map(|&(number, _)| u32::from(number)));
        set
    }

    fn having(&self, key: Key) -> Option<RoaringBitmap> {
        let row = self.keys.binary_search_by_key(&key, |&(key, _)| key).ok()?;
        posting::read(&self.postings, self.keys[row].1)
    }

    fn labelled(&self, labels: &RangeInclusive<Label>) -> RoaringBitmap {
        let (low, high) = (labels.start().get(), labels.end().get());
        let mut set = RoaringBitmap::new();
        for run in &self.labels {
            let (first, last) = (run.label.max(low), (run.label + u64::from(run.more)).min(high));
            if first <= last {
                let number = |label: u64| u32::from(run.number) + (label - run.label) as u32;
                set.insert_range(number(first)..=number(last));
            }
        }
        set
    }
}

fn all(numbers: &RangeInclusive<u32>) -> RoaringBitmap {
    let mut set = RoaringBitmap::new();
    set.insert_range(numbers.clone());
    set
}
