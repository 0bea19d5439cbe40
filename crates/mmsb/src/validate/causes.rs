//! Why pages were computed: whether what a commit tells of it can be.
//!
//! Invariant: judged by the graph as the commit leaves it, but for flags, which it takes away.

use std::collections::BTreeSet;

use mmsb_tlog::Commit;
use mmsb_types::{EdgeKind, GraphEvent, PageEvent, PageId, Place, Violation};

use super::witness::Witness;
use crate::{
    info::{causes, rewinds_to},
    replay::Lifetimes,
    wave::Cause,
};

impl Witness {
    /// Returns the pages that are computed though no input changed: stale ones, and newly derived ones.
    pub(super) fn asked_for(&self, graph: &[GraphEvent]) -> BTreeSet<PageId> {
        let fresh = |event: &GraphEvent| match event {
            GraphEvent::Derived { page, .. } => Some(*page),
            GraphEvent::Fresh { page } if self.heading.graph.is_stale(*page) => Some(*page),
            _ => None,
        };
        graph.iter().filter_map(fresh).collect()
    }

    /// Looks at the causes that a commit tells, and at derived pages that it tells none of.
    pub(super) fn see_causes(&mut self, commit: &Commit<'_>, events: &[PageEvent], asked: &BTreeSet<PageId>) {
        let told = causes(commit.frame.sections);
        let causes = told.unwrap_or_else(|what| {
            self.blame(commit, "provenance/readable", what);
            Vec::new()
        });
        let mut changed: BTreeSet<PageId> = commit.frame.batch.iter().map(|(page, _)| page).collect();
        causes.iter().for_each(|cause| self.see_cause(commit, cause, &changed, asked));
        match rewinds_to(commit.frame.sections) {
            Some(target) if target >= commit.epoch => {
                self.blame(commit, "provenance/rewind-goes-back", format!("to {target}"));
            }
            Some(_) => {}
            None => {
                causes.iter().for_each(|cause| _ = changed.remove(&cause.page));
                self.see_unexplained(commit, events, &changed);
            }
        }
    }

    fn see_cause(
        &mut self,
        commit: &Commit<'_>,
        cause: &Cause,
        changed: &BTreeSet<PageId>,
        asked: &BTreeSet<PageId>,
    ) {
        let page = cause.page;
        if self.heading.graph.registration(page).is_none() {
            self.blame(commit, "provenance/computed-is-derived", page.to_string());
        }
        if !changed.contains(&page) {
            self.blame(commit, "provenance/computed-is-written", page.to_string());
        }
        if cause.inputs.is_empty() && !asked.contains(&page) {
            self.blame(commit, "provenance/computed-for-a-reason", page.to_string());
        }
        cause.inputs.iter().for_each(|&input| self.see_input(commit, input, page, changed));
    }

    fn see_input(&mut self, commit: &Commit<'_>, input: PageId, page: PageId, changed: &BTreeSet<PageId>) {
        let graph = self.heading.graph.structure();
        let leads =
            [EdgeKind::Data, EdgeKind::Compiler].iter().any(|&kind| graph.contains_edge(input, page, kind));
        let rules = [
            ("provenance/input-lives", self.pages.lives(input)),
            ("provenance/input-has-edge", leads),
            ("provenance/input-changed", changed.contains(&input)),
        ];
        for (rule, _) in rules.into_iter().filter(|&(_, is_kept)| !is_kept) {
            self.blame(commit, rule, format!("{page} computed for {input}"));
        }
    }

    /// Nobody writes to a derived page but a wave, which tells why.
    fn see_unexplained(&mut self, commit: &Commit<'_>, events: &[PageEvent], changed: &BTreeSet<PageId>) {
        let is_born = |page: PageId| {
            events.iter().any(|event| matches!(*event, PageEvent::Created { page: born, .. } if born == page))
        };
        for &page in changed {
            if self.heading.graph.registration(page).is_some() && !is_born(page) {
                self.blame(commit, "provenance/derived-is-computed", page.to_string());
            }
        }
    }

    fn blame(&mut self, commit: &Commit<'_>, rule: &'static str, what: impl Into<String>) {
        self.provenance.push(Violation::new(rule, Place::Epoch(commit.epoch), what));
    }
}
