//! Looking for commits: by page, epoch, label, tag and code site, in either order.
//!
//! The indexes tell which commits pass and where they stand; only there the log is read, some 4 to 64 KiB at a time.
//!
//! Invariant: what a query finds is what a pass over all commits would find.

use std::{
    ops::{Bound, RangeBounds, RangeInclusive},
    sync::Arc,
};

use mmsb_tlog::{Commit, Reader};
use mmsb_types::{Epoch, Label, PageId};

use crate::{
    Bus, CommitInfo, Error,
    index::{Filter, Finder, Order},
    kept::Kept,
    texts::{TextKind, Texts},
    wave::token,
};

/// What commits are looked for by; made by [`Bus::query`]. Conditions add up: a commit must meet them all.
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// let bus = mmsb::Bus::in_memory()?;
/// let page = bus.create_page("score", 8)?;
/// for tick in 0..9u64 {
///     let mut tx = bus.begin().label(tick).tag(if tick % 3 == 0 { "ai" } else { "physics" });
///     tx.put(page, 0, &tick)?;
///     tx.commit()?;
/// }
/// let found = bus.query().page(page).tag("ai").label(1..).newest_first().run()?;
/// let labels: Result<Vec<_>, _> = found.map(|commit| commit.map(|commit| commit.label)).collect();
/// assert_eq!(labels?, [Some(6.into()), Some(3.into())]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a query finds nothing until it is run"]
pub struct Query<'b> {
    bus: &'b Bus,
    page: Option<PageId>,
    epochs: RangeInclusive<u64>,
    labels: Option<RangeInclusive<u64>>,
    tag: Option<String>,
    site: Option<String>,
    catalogue: bool,
    order: Order,
}

/// The commits that a query finds, as what they are asked for. An error ends it.
///
/// What is being visited stays in the log as long as this lives, if the log is on disk.
#[derive(Debug)]
pub struct Found<T = CommitInfo> {
    /// `None` at the end.
    finder: Option<Finder>,
    kept: Kept,
    /// What read the last stretch.
    reader: Option<Reader>,
    texts: Texts,
    order: Order,
    /// Found and read, the next one last.
    commits: Vec<T>,
    read: Read<T>,
}

/// How a commit is read, learning the texts it defines.
type Read<T> = fn(&Commit<'_>, &mut Texts) -> Result<T, String>;

impl Bus {
    /// Begins to look for commits; without a condition, it finds all that are in the log behind [`Bus::oldest`].
    pub fn query(&self) -> Query<'_> {
        Query {
            bus: self,
            page: None,
            epochs: 0..=u64::MAX,
            labels: None,
            tag: None,
            site: None,
            catalogue: false,
            order: Order::OldestFirst,
        }
    }
}

impl Query<'_> {
    /// Only commits that change, create, delete or name this page.
    pub fn page(self, page: PageId) -> Self {
        Self { page: Some(page), ..self }
    }

    /// Only commits that make these states.
    pub fn epochs(self, epochs: impl RangeBounds<Epoch>) -> Self {
        let ends =
            (epochs.start_bound().map(|epoch| epoch.get()), epochs.end_bound().map(|epoch| epoch.get()));
        Self { epochs: inclusive(ends), ..self }
    }

    /// Only commits with a label in this range.
    pub fn label(self, labels: impl RangeBounds<u64>) -> Self {
        Self { labels: Some(inclusive((labels.start_bound().cloned(), labels.end_bound().cloned()))), ..self }
    }

    /// Only commits with this tag.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Only commits begun at this place in the code: `path:line`.
    pub fn site(self, site: impl Into<String>) -> Self {
        Self { site: Some(site.into()), ..self }
    }

    /// Only commits that create, delete or name pages.
    pub fn catalogue(self) -> Self {
        Self { catalogue: true, ..self }
    }

    /// The newest first; if not said, the oldest.
    pub fn newest_first(self) -> Self {
        Self { order: Order::NewestFirst, ..self }
    }

    /// Looks for them.
    ///
    /// # Errors
    /// [`Error::NoHistory`], [`Error::Poisoned`], [`Error::Busy`]; [`Error::Corrupt`], [`Error::Io`] if indexes
    /// have to be made and the log cannot be read.
    ///
    /// # Cost
    /// Reads the index of each segment in the range of epochs; makes those that were not made yet, by one pass over
    /// their segments. Then reads pieces of some 4 to 64 KiB in which commits were found, as they are visited.
    pub fn run(self) -> Result<Found, Error> {
        self.find(CommitInfo::read)
    }

    /// As [`Query::run`], the commits read in this way.
    pub(crate) fn find<T>(self, read: Read<T>) -> Result<Found<T>, Error> {
        token::check()?;
        let (journal, order) = (self.bus.journal(), self.order);
        let newest = self.bus.epoch();
        let extent = journal.extent(newest)?;
        let texts = self.bus.shared().texts_as_of(newest)?;
        let (kept, indexes) = (journal.kept().clone(), Arc::clone(journal.indexes()));
        let finder = self.filter(&texts).map(|filter| Finder::new(indexes, extent, filter, order));
        Ok(Found { finder, kept, reader: None, texts, order, commits: Vec::new(), read })
    }

    /// Returns what the indexes are asked; `None` if no commit can pass, for nobody used the text.
    fn filter(self, texts: &Texts) -> Option<Filter> {
        let mut filter = Filter::epochs(self.epochs);
        if let Some(page) = self.page {
            filter = filter.page(page);
        }
        if let Some(labels) = self.labels {
            filter = filter.labels(Label::new(*labels.start())..=Label::new(*labels.end()));
        }
        if let Some(tag) = self.tag {
            filter = filter.tag(texts.number(TextKind::Tag, &tag)?);
        }
        if let Some(site) = self.site {
            filter = filter.site(texts.number(TextKind::Site, &site)?);
        }
        Some(if self.catalogue { filter.catalogue() } else { filter })
    }
}

impl<T> Found<T> {
    /// Returns the oldest state from which on the log leads; `None` if nothing can be found.
    pub(crate) fn oldest(&self) -> Option<Epoch> {
        self.finder.as_ref().map(|finder| Epoch::new(finder.extent().oldest))
    }

    fn read(&mut self) -> Result<Option<T>, Error> {
        loop {
            if let Some(commit) = self.commits.pop() {
                return Ok(Some(commit));
            }
            let Some(finder) = &mut self.finder else { return Ok(None) };
            let Some(stretch) = finder.next_stretch()? else { return Ok(None) };
            stretch.read(&self.kept, &mut self.reader, 0..=u64::MAX, |commit| {
                self.commits.push((self.read)(commit, &mut self.texts)?);
                Ok(())
            })?;
            if self.order == Order::OldestFirst {
                self.commits.reverse();
            }
        }
    }
}

impl<T> Iterator for Found<T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read();
        if !matches!(next, Ok(Some(_))) {
            (self.finder, self.commits) = (None, Vec::new());
        }
        next.transpose()
    }
}

/// An empty range comes out with its ends crossed.
fn inclusive((start, end): (Bound<u64>, Bound<u64>)) -> RangeInclusive<u64> {
    let start = match start {
        Bound::Included(start) => Some(start),
        Bound::Excluded(before) => before.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end = match end {
        Bound::Included(end) => Some(end),
        Bound::Excluded(behind) => behind.checked_sub(1),
        Bound::Unbounded => Some(u64::MAX),
    };
    match (start, end) {
        (Some(start), Some(end)) => start..=end,
        _ => RangeInclusive::new(1, 0),
    }
}
