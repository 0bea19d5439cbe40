//! What is known of a page or a commit, as plain data.

use std::{collections::HashSet, fmt, sync::Arc};

use mmsb_tlog::{Commit, SectionKind, Sections};
use mmsb_types::{Epoch, GraphEvent, Label, Lsn, PageEvent, PageId, PageLocation, Source};

use crate::{
    texts::{SourceNumbers, Texts},
    wave::{self, Cause},
};

/// A page as of one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageInfo {
    /// Its id.
    pub page: PageId,
    /// Its length, in bytes.
    pub page_bytes: u32,
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// The commit that changed it last.
    pub epoch: Epoch,
    /// Where its bytes live as the log tells it: on the host, always. [`Bus::location`](crate::Bus::location) tells of
    /// this process.
    pub location: PageLocation,
}

/// A commit as the log tells it, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitInfo {
    /// The state it made.
    pub epoch: Epoch,
    /// Where its frame starts.
    pub lsn: Lsn,
    /// Its frame's length, in bytes.
    pub frame_bytes: usize,
    /// The program's own number for it.
    pub label: Option<Label>,
    /// Nanoseconds since 1970, where the builder asked for them.
    pub timestamp_nanos: Option<u64>,
    /// Who made it.
    pub source: Source,
    /// The earlier state it made the newest one again, if it is a rewind.
    pub rewinds_to: Option<Epoch>,
    /// Pages created, deleted, named, in this order.
    pub events: Vec<PageEvent>,
    /// What it changed of the graph, in this order.
    pub graph: Vec<GraphEvent>,
    /// Derived pages whose bytes it computed anew, in their order, and why.
    pub computed: Vec<Cause>,
    /// Pages whose bytes it changed, in the order of the log.
    pub pages: Vec<PageId>,
    /// How many runs of bytes it changed.
    pub run_count: usize,
    /// How many payload bytes these runs took.
    pub payload_bytes: usize,
}

impl CommitInfo {
    /// Reads a commit's sections, learning the texts it defines.
    pub(crate) fn read(commit: &Commit<'_>, texts: &mut Texts) -> Result<Self, String> {
        let (sections, batch) = (commit.frame.sections, commit.frame.batch);
        // A page may come twice: once among the compact entries, once among the wide ones.
        let mut seen = HashSet::new();
        let pages = batch.iter().map(|(page, _)| page).filter(|&page| seen.insert(page)).collect();
        Ok(Self {
            epoch: commit.epoch,
            lsn: commit.lsn,
            frame_bytes: commit.frame.bytes,
            label: label(sections)?,
            timestamp_nanos: timestamp(sections)?,
            source: source(sections, texts).map(|numbers| texts.source(numbers))?,
            rewinds_to: rewinds_to(sections),
            computed: causes(sections)?,
            events: events(sections)?,
            graph: graph_events(sections)?,
            pages,
            run_count: batch.len(),
            payload_bytes: batch.payload_bytes(),
        })
    }
}

impl fmt::Display for CommitInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.epoch)?;
        if let Some(label) = self.label {
            write!(f, " {label}")?;
        }
        if !self.source.is_unknown() {
            write!(f, " by {}", self.source)?;
        }
        if let Some(target) = self.rewinds_to {
            write!(f, " to {target}")?;
        }
        write!(f, ": {} pages, {} runs, {} bytes", self.pages.len(), self.run_count, self.payload_bytes)
    }
}

/// Returns the label a commit carries.
pub(crate) fn label(sections: Sections<'_>) -> Result<Option<Label>, String> {
    Ok(number(sections, SectionKind::LABEL)?.map(Label::new))
}

/// Returns when a commit was made, in nanoseconds since 1970, if it says so.
pub(crate) fn timestamp(sections: Sections<'_>) -> Result<Option<u64>, String> {
    number(sections, SectionKind::TIMESTAMP)
}

/// Returns the catalogue's changes a commit carries.
pub(crate) fn events(sections: Sections<'_>) -> Result<Vec<PageEvent>, String> {
    let section = sections.get(SectionKind::PAGE_EVENTS).unwrap_or_default();
    PageEvent::decode_all(section).map_err(|error| error.to_string())
}

/// Returns the graph's changes a commit carries.
pub(crate) fn graph_events(sections: Sections<'_>) -> Result<Vec<GraphEvent>, String> {
    let section = sections.get(SectionKind::GRAPH_EVENTS).unwrap_or_default();
    GraphEvent::decode_all(section).map_err(|error| error.to_string())
}

/// Returns who made a commit, by number, learning the texts it defines.
pub(crate) fn source(sections: Sections<'_>, texts: &mut Texts) -> Result<SourceNumbers, String> {
    let section = sections.get(SectionKind::SOURCE);
    section.map_or(Ok(SourceNumbers::default()), |bytes| texts.learn(bytes).map_err(str::to_owned))
}

/// Returns who made a commit, by number.
pub(crate) fn source_numbers(sections: Sections<'_>) -> Result<SourceNumbers, String> {
    let section = sections.get(SectionKind::SOURCE);
    section.map_or(Ok(SourceNumbers::default()), |bytes| SourceNumbers::of(bytes).map_err(str::to_owned))
}

/// What a cause section begins with if the commit is a rewind; the target's number follows.
const CAUSE_REWIND: u64 = 1;

/// Encodes the cause of a commit that rewinds to `target`.
pub(crate) fn rewind_cause(target: Epoch) -> [u8; 16] {
    let words = [CAUSE_REWIND.to_le_bytes(), target.get().to_le_bytes()];
    std::array::from_fn(|at| words[at / 8][at % 8])
}

/// Returns where a commit rewinds to. Causes of other kinds, and those of builds to come, are none.
pub(crate) fn rewinds_to(sections: Sections<'_>) -> Option<Epoch> {
    let (kind, target) = sections.get(SectionKind::CAUSE)?.split_first_chunk::<8>()?;
    let target = target.try_into().ok().map(u64::from_le_bytes)?;
    (u64::from_le_bytes(*kind) == CAUSE_REWIND).then_some(Epoch::new(target))
}

/// Returns why a commit computed pages.
pub(crate) fn causes(sections: Sections<'_>) -> Result<Vec<Cause>, String> {
    let section = sections.get(SectionKind::CAUSE).unwrap_or_default();
    Ok(wave::decode_cause(section)?.unwrap_or_default())
}

fn number(sections: Sections<'_>, kind: SectionKind) -> Result<Option<u64>, String> {
    let number = sections.get(kind).map(|bytes| <[u8; 8]>::try_from(bytes).map(u64::from_le_bytes));
    number.transpose().map_err(|_| format!("section {} is not a number", kind.0))
}
