//! What commits did, as a stream: told while they happen ([`Subscription`]), or read again from the log
//! ([`Bus::events`](crate::Bus::events)).
//!
//! Both read the same frames, so both tell the same [`Event`]s. Who subscribes reads the log himself, behind the last
//! commit that he was told of; committers hand nothing over and wait for nobody.
//!
//! Invariant: events come by rising epoch, and none is left out but by a filter, or where [`News::Missed`] says so.

mod filter;
mod follower;
mod subscription;
mod told;

use std::fmt;

use mmsb_tlog::Commit;
use mmsb_types::{Epoch, GraphEvent, Label, PageEvent, PageId, Source, Span};

pub(crate) use self::follower::Follower;
pub use self::{
    filter::EventFilter,
    subscription::{News, Subscription},
    told::{Events, GraphEvents},
};
use crate::{Cause, diff::write_label, info, texts::Texts};

/// What one commit did, without the bytes that it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The state it made.
    pub epoch: Epoch,
    /// The program's own number for it.
    pub label: Option<Label>,
    /// Nanoseconds since 1970, where the builder asked for them.
    pub timestamp_nanos: Option<u64>,
    /// Who made it.
    pub source: Source,
    /// The earlier state it made the newest one again, if it is a rewind.
    pub rewinds_to: Option<Epoch>,
    /// Pages created, deleted, named, in this order.
    pub catalogue: Vec<PageEvent>,
    /// What it changed of the graph, in this order.
    pub graph: Vec<GraphEvent>,
    /// Derived pages whose bytes it computed anew, in their order, and why.
    pub computed: Vec<Cause>,
    /// The bytes it wrote, in the order of the log.
    pub runs: Vec<(PageId, Span)>,
}

impl Event {
    /// Reads a commit, learning the texts it defines.
    pub(crate) fn read(commit: &Commit<'_>, texts: &mut Texts) -> Result<Self, String> {
        let (sections, batch) = (commit.frame.sections, commit.frame.batch);
        Ok(Self {
            epoch: commit.epoch,
            label: info::label(sections)?,
            timestamp_nanos: info::timestamp(sections)?,
            source: info::source(sections, texts).map(|numbers| texts.source(numbers))?,
            rewinds_to: info::rewinds_to(sections),
            catalogue: info::events(sections)?,
            graph: info::graph_events(sections)?,
            computed: info::causes(sections)?,
            runs: batch.iter().map(|(page, patch)| (page, patch.span())).collect(),
        })
    }

    /// Returns the pages whose bytes it wrote, by rising id.
    #[must_use]
    pub fn pages(&self) -> Vec<PageId> {
        let mut pages: Vec<_> = self.runs.iter().map(|&(page, _)| page).collect();
        pages.sort_unstable();
        pages.dedup();
        pages
    }

    /// Tells whether it did anything to the page: wrote its bytes, began or ended its life, named it, or changed what
    /// it depends on.
    #[must_use]
    pub fn touches(&self, page: PageId) -> bool {
        self.runs.iter().any(|&(written, _)| written == page)
            || self.catalogue.iter().any(|event| event.page() == page)
            || self.graph.iter().any(|event| event.page() == page)
    }

    fn fmt_head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.epoch)?;
        write_label(f, self.label)?;
        if !self.source.is_unknown() {
            write!(f, " by {}", self.source)?;
        }
        self.rewinds_to.map_or(Ok(()), |target| write!(f, " to {target}"))
    }

    /// Writes the runs, each page named once.
    fn fmt_runs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = None;
        self.runs.iter().try_for_each(|&(page, span)| {
            match before.replace(page) {
                Some(same) if same == page => {}
                _ => write!(f, "; {page}")?,
            }
            write!(f, " {span}")
        })
    }
}

/// A line: who and what, runs as `offset+length`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_head(f)?;
        self.catalogue.iter().try_for_each(|event| write!(f, "; {event}"))?;
        self.graph.iter().try_for_each(|event| write!(f, "; {event}"))?;
        self.computed.iter().try_for_each(|cause| write!(f, "; {cause}"))?;
        self.fmt_runs(f)
    }
}
