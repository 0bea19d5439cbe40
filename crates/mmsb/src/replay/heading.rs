//! What a stretch of log amounts to beside the bytes of pages.
//!
//! Invariant: after applying the commits 1..=e, the heading is that of the bus as it was at epoch e.

use mmsb_tlog::Commit;
use mmsb_types::{Epoch, GraphEvent, Label, PageEvent, PageId, Source, limits::COMPACT_ID_MAX};

use super::{Lifetimes, Pages};
use crate::{
    Error,
    catalogue::Names,
    graph::GraphState,
    info::{events, graph_events, label, source},
    texts::{SourceNumbers, Texts},
};

/// Epoch, label, source, texts, names and places of pages, and the graph. Names and graph share what they have in
/// common with copies.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    pub(crate) epoch: Epoch,
    pub(crate) label: Option<Label>,
    /// Who made the last commit.
    pub(crate) source: SourceNumbers,
    pub(crate) texts: Texts,
    pub(crate) names: Names,
    pub(crate) graph: GraphState,
}

impl Default for Heading {
    fn default() -> Self {
        Self {
            epoch: Epoch::ZERO,
            label: None,
            source: SourceNumbers::default(),
            texts: Texts::default(),
            names: Names::new(Epoch::ZERO, PageId::FIRST),
            graph: GraphState::default(),
        }
    }
}

impl Heading {
    /// Applies the commit after this heading, its pages to `pages`.
    ///
    /// # Errors
    /// What does not fit; the heading and the pages are then of no use.
    pub(crate) fn apply<P: Pages>(&mut self, commit: &Commit<'_>, pages: &mut P) -> Result<(), P::Refusal> {
        let events = events(commit.frame.sections)?;
        events.iter().try_for_each(|event| apply_event(event, commit.epoch, pages))?;
        pages.apply(commit.frame.batch, commit.epoch)?;
        let graph = graph_events(commit.frame.sections)?;
        graph.iter().flat_map(GraphEvent::joining).try_for_each(|page| check_joining(page, pages))?;
        Ok(self.note_all(commit, &events, &graph)?)
    }

    /// Applies what the commit after this heading says beside the lives and bytes of pages.
    ///
    /// # Errors
    /// As [`Heading::apply`].
    #[inline]
    pub(crate) fn note(&mut self, commit: &Commit<'_>) -> Result<(), String> {
        if commit.frame.sections.is_empty() {
            (self.epoch, self.label, self.source) = (commit.epoch, None, SourceNumbers::default());
            return Ok(());
        }
        let sections = commit.frame.sections;
        self.note_all(commit, &events(sections)?, &graph_events(sections)?)
    }

    fn note_all(
        &mut self,
        commit: &Commit<'_>,
        events: &[PageEvent],
        graph: &[GraphEvent],
    ) -> Result<(), String> {
        let sections = commit.frame.sections;
        self.source = source(sections, &mut self.texts)?;
        if !events.is_empty() {
            self.rename(events, commit.epoch)?;
        }
        if !(graph.is_empty() && (events.is_empty() || self.graph.is_empty())) {
            self.graph.apply_all(graph, events, commit.epoch)?;
        }
        self.label = label(sections)?;
        self.epoch = commit.epoch;
        Ok(())
    }

    /// Returns who made the last commit.
    pub(crate) fn source(&self) -> Source {
        self.texts.source(self.source)
    }

    /// Names change all at once, so that pages may swap theirs.
    ///
    /// # Errors
    /// Which page would get the name of which other one; nothing was changed.
    pub(crate) fn rename(&mut self, events: &[PageEvent], epoch: Epoch) -> Result<(), String> {
        let changes = self.names.check(events).map_err(|error| match error {
            Error::NameTaken { name, page } => taken(events, &name, page),
            error => error.to_string(),
        })?;
        self.names.apply(events, changes);
        self.names.epoch = epoch;
        Ok(())
    }
}

/// Tells which page gets a name that `holder` has, or gets, too.
fn taken(events: &[PageEvent], wanted: &str, holder: PageId) -> String {
    let gets = |event: &&PageEvent| match event {
        PageEvent::Created { page, name, .. } | PageEvent::Named { page, name } => {
            *page != holder && name.as_deref() == Some(wanted)
        }
        PageEvent::Deleted { .. } => false,
    };
    let page = events.iter().rfind(gets).map_or(holder, PageEvent::page);
    format!("{page} gets the name of {holder}")
}

/// Refuses a page that comes into the graph and does not live.
pub(super) fn check_joining<P: Lifetimes>(page: PageId, pages: &P) -> Result<(), P::Refusal> {
    if pages.lives(page) { Ok(()) } else { Err(super::missing(page).into()) }
}

/// Applies an event but for the name it gives.
pub(crate) fn apply_event<P: Lifetimes>(
    event: &PageEvent,
    epoch: Epoch,
    pages: &mut P,
) -> Result<(), P::Refusal> {
    match *event {
        PageEvent::Created { page, .. } if page.get() > COMPACT_ID_MAX => {
            Err(format!("{page} is beyond page:{COMPACT_ID_MAX}, the last this build holds").into())
        }
        PageEvent::Created { page, .. } if pages.lives(page) => {
            Err(format!("{page} is created while it lives").into())
        }
        PageEvent::Created { page, page_bytes, .. } => pages.create(page, page_bytes, epoch),
        PageEvent::Deleted { page } => pages.delete(page, epoch),
        PageEvent::Named { page, .. } if !pages.lives(page) => Err(super::missing(page).into()),
        PageEvent::Named { .. } => Ok(()),
    }
}
