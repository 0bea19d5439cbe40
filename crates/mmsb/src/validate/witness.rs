//! A state that goes through a log and takes nothing for granted: what does not fit is noted, and left out.
//!
//! Invariant: it holds lengths of pages, not their bytes, so a log of a few bytes makes it no larger.

use std::collections::BTreeMap;

use mmsb_delta::check;
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, GraphEvent, PageEvent, PageId, Place, Violation};

use super::FOUND_MAX;
use crate::{
    Error,
    info::{events, graph_events, label, source},
    journal::Origin,
    replay::{Heading, Lifetimes, apply_event, missing},
};

/// What is known before the next commit, and what was found so far.
#[derive(Debug, Default)]
pub(super) struct Witness {
    pub(super) heading: Heading,
    /// Lengths of the living pages, in bytes.
    pub(super) pages: Lengths,
    pub(super) integrity: Vec<Violation>,
    pub(super) provenance: Vec<Violation>,
}

/// Lengths of pages.
#[derive(Debug, Default)]
pub(super) struct Lengths(BTreeMap<PageId, u32>);

impl Witness {
    /// Begins with a state.
    pub(super) fn begin(&mut self, origin: Origin) -> Result<(), Error> {
        self.heading = origin.heading().clone();
        let lives = origin.lives()?;
        self.pages = Lengths(lives.into_iter().map(|(page, (bytes, _))| (page, bytes)).collect());
        Ok(())
    }

    /// Tells whether more is not listed.
    pub(super) fn is_full(&self) -> bool {
        self.integrity.len().max(self.provenance.len()) >= FOUND_MAX
    }

    /// Looks at the commit behind the state, and makes it the state.
    pub(super) fn see(&mut self, commit: &Commit<'_>) {
        let sections = commit.frame.sections;
        let events = self.read(commit, events(sections));
        let graph = self.read(commit, graph_events(sections));
        let source = source(sections, &mut self.heading.texts).map(drop);
        self.read(commit, source);
        self.read(commit, label(sections));
        self.live(commit, &events);
        self.see_batch(commit);
        let asked = self.asked_for(&graph);
        self.see_graph(commit, &events, &graph);
        self.see_causes(commit, &events, &asked);
        self.heading.epoch = commit.epoch;
    }

    fn read<T: Default>(&mut self, commit: &Commit<'_>, read: Result<T, String>) -> T {
        read.unwrap_or_else(|what| {
            self.note(commit, "log/sections-readable", what);
            T::default()
        })
    }

    fn note(&mut self, commit: &Commit<'_>, rule: &'static str, what: impl Into<String>) {
        self.integrity.push(Violation::new(rule, Place::Epoch(commit.epoch), what));
    }

    /// Lets pages come and go, and get their names.
    fn live(&mut self, commit: &Commit<'_>, events: &[PageEvent]) {
        for event in events {
            if let Err(what) = apply_event(event, commit.epoch, &mut self.pages) {
                self.note(commit, "log/lives-fit", what);
            }
        }
        match self.heading.rename(events, commit.epoch) {
            Ok(()) => {}
            Err(what) => self.note(commit, "log/names-fit", what),
        }
    }

    fn see_batch(&mut self, commit: &Commit<'_>) {
        let found = check(commit.frame.batch, |page| self.pages.0.get(&page).copied());
        let placed = found.into_iter().map(|Violation { rule, place, facts }| {
            Violation::new(rule, Place::Epoch(commit.epoch), format!("{place:?}: {facts}"))
        });
        self.integrity.extend(placed);
    }

    fn see_graph(&mut self, commit: &Commit<'_>, events: &[PageEvent], graph: &[GraphEvent]) {
        let dead = graph.iter().flat_map(GraphEvent::joining).filter(|&page| !self.pages.lives(page));
        let mut misfits: Vec<String> = dead.map(missing).collect();
        let told = |misfit| misfits.push(String::from(misfit));
        self.heading.graph.apply_what_fits(graph, events, commit.epoch, told);
        misfits.into_iter().for_each(|what| self.note(commit, "log/graph-fits", what));
    }
}

impl Lifetimes for Lengths {
    type Refusal = String;

    fn create(&mut self, page: PageId, page_bytes: u32, _: Epoch) -> Result<(), String> {
        self.0.insert(page, page_bytes);
        Ok(())
    }

    fn delete(&mut self, page: PageId, _: Epoch) -> Result<(), String> {
        self.0.remove(&page).map(drop).ok_or_else(|| missing(page))
    }

    fn lives(&self, page: PageId) -> bool {
        self.0.contains_key(&page)
    }
}
