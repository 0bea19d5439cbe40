//! What the log amounts to: its files, its commits, who makes them, and which pages they change.
//!
//! Invariant: everything here is counted by the indexes; of closed segments that have one, nothing else is read.

use std::{
    collections::{BTreeMap, HashMap},
    ops::AddAssign,
    sync::Arc,
};

use mmsb_types::{Epoch, Lsn, PageId};

use crate::{
    Bus, Error,
    index::{Extent, Key, Tally},
    journal::retry_where_gone,
    texts::{SourceNumbers, Texts},
};

/// How many of the most changed pages are told.
const PAGES_TOLD: usize = 10;

/// What there is in the log. Made by [`Bus::log_report`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogReport {
    /// Its files, oldest first.
    pub segments: Vec<SegmentReport>,
    /// The sums over all of them.
    pub total: LogCounts,
    /// The pages that most commits touch, those first, and how many do; ten at most.
    pub pages: Vec<(PageId, u64)>,
    /// Tags, in the order in which they were used first, and how many commits carry each.
    pub tags: Vec<(Arc<str>, u64)>,
    /// Code sites, likewise.
    pub sites: Vec<(Arc<str>, u64)>,
}

/// What there is in one file of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentReport {
    /// Its number.
    pub segment: u64,
    /// Position of its first byte.
    pub first_lsn: Lsn,
    /// The first commit in it, or the next one to come.
    pub first: Epoch,
    /// What is in it.
    pub counts: LogCounts,
}

/// Counts of a stretch of log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogCounts {
    /// Its bytes, heads of files included.
    pub bytes: u64,
    /// Commits.
    pub commit_count: u64,
    /// Marks: how many batches were written.
    pub mark_count: u64,
    /// Syncs that marks tell of; of those that one mark tells, only the last counts.
    pub sync_count: u64,
    /// State marks.
    pub state_count: u64,
    /// Commits with a label.
    pub label_count: u64,
    /// Pages created.
    pub created_count: u64,
    /// Pages deleted.
    pub deleted_count: u64,
    /// Runs of bytes that commits changed.
    pub run_count: u64,
    /// Bytes stored for these runs.
    pub payload_bytes: u64,
    /// Bytes of all commits.
    pub frame_bytes: u64,
    /// Bytes of the largest commit.
    pub frame_bytes_max: u64,
}

impl Bus {
    /// Counts what is in the log.
    ///
    /// # Errors
    /// As [`Query::run`](crate::Query::run).
    ///
    /// # Cost
    /// Reads all indexes, making those that were not made yet; some 16 bytes of memory for each page that the log
    /// names.
    pub fn log_report(&self) -> Result<LogReport, Error> {
        retry_where_gone(self.epoch(), || {
            let newest = self.epoch();
            let extent = self.journal().extent(newest)?;
            let texts = self.shared().texts_as_of(newest)?;
            report(self, &extent, &texts)
        })
    }
}

fn report(bus: &Bus, extent: &Extent, texts: &Texts) -> Result<LogReport, Error> {
    let (mut report, mut pages, mut keys) = (LogReport::default(), HashMap::new(), BTreeMap::new());
    bus.journal().indexes().each_segment(extent, |head, bytes, parts| {
        let mut counts = LogCounts { bytes, ..LogCounts::default() };
        for part in parts {
            counts += LogCounts::of(part.tally(), part.commit_count());
            part.count_pages(&mut pages);
            for (key, count) in part.each_key() {
                *keys.entry(key).or_default() += count;
            }
        }
        report.total += counts;
        let (segment, first_lsn, first) = (head.segment, head.first_lsn, Epoch::new(head.first_number));
        report.segments.push(SegmentReport { segment, first_lsn, first, counts });
    })?;
    report.pages = most(pages);
    for (key, count) in keys {
        match key {
            Key::Tag(tag) => report.tags.extend(named(texts, SourceNumbers { tag, site: 0 }, count)),
            Key::Site(site) => report.sites.extend(named(texts, SourceNumbers { tag: 0, site }, count)),
            Key::Catalogue => {}
        }
    }
    Ok(report)
}

fn named(texts: &Texts, numbers: SourceNumbers, count: u64) -> Option<(Arc<str>, u64)> {
    let source = texts.source(numbers);
    source.tag.or(source.site).map(|text| (text.into(), count))
}

/// Returns the pages with the highest counts; of equal ones, those with the lowest ids.
fn most(pages: HashMap<u64, u64>) -> Vec<(PageId, u64)> {
    let mut pages: Vec<_> = pages.into_iter().map(|(page, count)| (PageId::new(page), count)).collect();
    pages.sort_unstable_by_key(|&(page, count)| (std::cmp::Reverse(count), page));
    pages.truncate(PAGES_TOLD);
    pages
}

impl LogCounts {
    fn of(tally: &Tally, commit_count: u64) -> Self {
        Self {
            bytes: 0,
            commit_count,
            mark_count: tally.mark_count.into(),
            sync_count: tally.sync_count.into(),
            state_count: tally.state_count.into(),
            label_count: tally.label_count.into(),
            created_count: tally.created_count,
            deleted_count: tally.deleted_count,
            run_count: tally.run_count,
            payload_bytes: tally.payload_bytes,
            frame_bytes: tally.frame_bytes,
            frame_bytes_max: tally.frame_bytes_max,
        }
    }

    /// Returns how many bytes of log a commit takes on average, marks and heads included; 0 if there is none.
    #[must_use]
    pub fn bytes_per_commit(&self) -> f64 {
        if self.commit_count == 0 { 0.0 } else { self.bytes as f64 / self.commit_count as f64 }
    }
}

impl AddAssign for LogCounts {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.commit_count += other.commit_count;
        self.mark_count += other.mark_count;
        self.sync_count += other.sync_count;
        self.state_count += other.state_count;
        self.label_count += other.label_count;
        self.created_count += other.created_count;
        self.deleted_count += other.deleted_count;
        self.run_count += other.run_count;
        self.payload_bytes += other.payload_bytes;
        self.frame_bytes += other.frame_bytes;
        self.frame_bytes_max = self.frame_bytes_max.max(other.frame_bytes_max);
    }
}
