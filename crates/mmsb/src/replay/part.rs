//! Replaying into page memory: no map, no copy in between, and the memory of the next runs already on its way.
//!
//! Invariant: a part applies what commits say of its own pages, in the order of the log, and nothing else. Nobody
//! sees a page before all commits are in.

use mmsb_delta::Patch;
use mmsb_page::{Content, Restore, RestoreError, Run};
use mmsb_tlog::{Commit, SectionKind, Stretch};
use mmsb_types::{Epoch, GraphEvent, PageId};

use super::{
    Lifetimes,
    heading::{apply_event, check_joining},
    missing,
    refusal::{Refusal, Why},
};
use crate::info::{events, graph_events};

/// Those pages of a store that one thread fills.
#[derive(Debug)]
pub(super) struct Part<'s> {
    restore: Restore<'s>,
}

impl<'s> Part<'s> {
    pub(super) fn new(restore: Restore<'s>) -> Self {
        Self { restore }
    }

    /// Applies the commits of a stretch, as far as they are about this part's pages, and shows each to `look`.
    ///
    /// # Errors
    /// The first commit that is refused, here or by `look`.
    pub(super) fn apply(
        &mut self,
        stretch: &Stretch,
        mut look: impl FnMut(&Commit<'_>) -> Result<(), String>,
    ) -> Result<(), Refusal> {
        let mut runs = self.restore.runs();
        let owner = runs.owner();
        let refused = |(index, error)| refused(stretch, |page| owner.owns(page), index, error);
        for commit in stretch.commits() {
            if has_section(&commit, SectionKind::PAGE_EVENTS) {
                apply_events(&commit, runs.finish().map_err(refused)?)?;
            }
            for (page, patch) in commit.frame.batch.iter() {
                if owner.owns(page) {
                    runs.push(run(page, patch, commit.epoch)).map_err(refused)?;
                }
            }
            if has_section(&commit, SectionKind::GRAPH_EVENTS) {
                check_graph(&commit, runs.finish().map_err(refused)?)?;
            }
            if let Err(what) = look(&commit) {
                runs.finish().map_err(refused)?;
                return Err(Refusal::of_heading(&commit, what));
            }
        }
        runs.finish().map(drop).map_err(refused)
    }
}

#[inline]
fn has_section(commit: &Commit<'_>, kind: SectionKind) -> bool {
    commit.frame.sections.get(kind).is_some()
}

/// Pages that come and go.
struct StoreLifetimes<'r, 's>(&'r mut Restore<'s>);

impl Lifetimes for StoreLifetimes<'_, '_> {
    type Refusal = Why;

    fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), Why> {
        self.0.create(page, page_bytes, epoch).map_err(Why::Store)
    }

    fn delete(&mut self, page: PageId, epoch: Epoch) -> Result<(), Why> {
        self.0.retire(page, epoch).map_err(|_| missing(page).into())
    }

    fn lives(&self, page: PageId) -> bool {
        self.0.contains(page)
    }
}

fn apply_events(commit: &Commit<'_>, restore: &mut Restore<'_>) -> Result<(), Refusal> {
    let events = events(commit.frame.sections).map_err(|what| Refusal::of_heading(commit, what))?;
    for (index, event) in events.iter().enumerate() {
        if restore.owns(event.page()) {
            let applied = apply_event(event, commit.epoch, &mut StoreLifetimes(restore));
            applied.map_err(|why| Refusal::of_item(commit, index, why))?;
        }
    }
    Ok(())
}

/// Refuses own pages that come into the graph and do not live. What else is wrong with the graph the calling thread
/// finds, which has all of it.
fn check_graph(commit: &Commit<'_>, restore: &mut Restore<'_>) -> Result<(), Refusal> {
    let Ok(graph) = graph_events(commit.frame.sections) else { return Ok(()) };
    let before = events(commit.frame.sections).map_or(0, |events| events.len()) + commit.frame.batch.len();
    for (index, page) in graph.iter().flat_map(GraphEvent::joining).enumerate() {
        if restore.owns(page) {
            let checked = check_joining(page, &StoreLifetimes(restore));
            checked.map_err(|why| Refusal::of_item(commit, before + index, why))?;
        }
    }
    Ok(())
}

#[inline]
fn run(page: PageId, patch: Patch<'_>, epoch: Epoch) -> Run<'_> {
    let (offset, content) = match patch {
        Patch::Bytes { offset, bytes } => (offset, Content::Bytes(bytes)),
        Patch::Page { bytes } => (0, Content::Bytes(bytes)),
        Patch::Fill { span, byte } => (span.offset, Content::Fill(span.len, byte)),
        Patch::PageFill { page_bytes, byte } => (0, Content::Fill(page_bytes, byte)),
    };
    Run { page, offset, content, is_whole: patch.is_whole(), epoch }
}

/// Tells why the run of that index, counting those of own pages, was refused, in the words of every other replay.
#[cold]
fn refused(stretch: &Stretch, owns: impl Fn(PageId) -> bool, index: usize, error: RestoreError) -> Refusal {
    let mut before = 0;
    for commit in stretch.commits() {
        let event_count = events(commit.frame.sections).map_or(0, |events| events.len());
        let own = commit.frame.batch.iter().enumerate().filter(|(_, (page, _))| owns(*page));
        let count = own.clone().count();
        if let Some((item, (page, patch))) =
            own.clone().nth(index - before).filter(|_| index < before + count)
        {
            return Refusal::of_item(&commit, event_count + item, misfit(page, patch, &error).into());
        }
        before += count;
    }
    unreachable!("a run that was refused came from the stretch")
}

fn misfit(page: PageId, patch: Patch<'_>, error: &RestoreError) -> String {
    let misfit = match error {
        RestoreError::OutOfBounds { page_bytes, .. } => patch.fits(*page_bytes).err(),
        _ => return missing(page),
    };
    misfit.map_or_else(|| error.to_string(), |misfit| format!("{page}: {misfit}"))
}
