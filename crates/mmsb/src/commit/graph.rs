//! What a commit has to do with the graph: whether it may go beside others, and what it changes there.
//!
//! Marks of pages, and the graph itself, change only while all committers are held: so what is found here stays as it
//! is for as long as the caller has its committer.

use mmsb_types::{Epoch, GraphEvent, PageId};

use crate::{
    Bus, Error, Transaction,
    graph::{GraphChange, GraphEdit, Wanted},
    txn::{Change, Detail},
    wave::LiveGraph,
};

/// Tells whether the commit must go under the graph lock: it changes who depends on whom, or a page that others
/// depend on, or that is derived.
#[inline]
pub(super) fn concerns(bus: &Bus, tx: &Transaction<'_>) -> bool {
    match tx.detail() {
        Some(detail) => detail_concerns(bus, detail),
        None => any_is_marked(bus, tx.draft.writes().compact_spans().map(|(page, _)| page)),
    }
}

/// Tells whether one of the pages is somebody's input, or derived.
#[inline]
pub(super) fn any_is_marked(bus: &Bus, mut pages: impl Iterator<Item = PageId>) -> bool {
    bus.graph_lock().is_used() && pages.any(|page| !bus.store().marks(page).is_none())
}

fn detail_concerns(bus: &Bus, detail: &Detail<'_>) -> bool {
    if !bus.graph_lock().is_used() {
        return detail.edits_graph(|_| false);
    }
    let changed = detail.pages.iter().filter(|page| !matches!(page.change, Change::None));
    any_is_marked(bus, changed.map(|page| page.page)) || edits_graph(bus, detail)
}

fn edits_graph(bus: &Bus, detail: &Detail<'_>) -> bool {
    detail.edits_graph(|page| bus.graph_lock().contains(page))
}

/// Applies to the graph what the transaction asks of it, under the graph lock and with all committers held; nothing,
/// if it asks for nothing.
///
/// # Errors
/// Those of the plan.
pub(crate) fn change<'b>(
    bus: &'b Bus,
    live: &LiveGraph,
    tx: &Transaction<'_>,
) -> Result<Option<GraphChange<'b>>, Error> {
    let Some(detail) = tx.detail().filter(|_| changes_edges(bus, tx)) else { return Ok(None) };
    let lives = |page| detail.leaves_living(page, || bus.store().contains(page));
    let is_exact = tx.draft.rewinds_to().is_some();
    let wanted = Wanted { edits: &detail.edits, is_exact, lives: &lives, epoch: bus.epoch() };
    change_by(bus, live, &wanted).map(Some)
}

/// Tells whether the commit changes who depends on whom: then it must be alone.
pub(crate) fn changes_edges(bus: &Bus, tx: &Transaction<'_>) -> bool {
    tx.detail().is_some_and(|detail| edits_graph(bus, detail))
}

/// Applies flags to the graph, under the graph lock.
///
/// # Errors
/// Those of the plan.
pub(crate) fn flag<'b>(
    bus: &'b Bus,
    live: &LiveGraph,
    flags: &[GraphEvent],
) -> Result<GraphChange<'b>, Error> {
    let edits: Vec<_> = flags.iter().cloned().map(GraphEdit::Event).collect();
    change_by(bus, live, &Wanted { edits: &edits, is_exact: true, lives: &|_| true, epoch: bus.epoch() })
}

fn change_by<'b>(bus: &'b Bus, live: &LiveGraph, wanted: &Wanted<'_>) -> Result<GraphChange<'b>, Error> {
    bus.graph_lock().change(live, wanted, |until| bus.store().is_pinned(Epoch::ZERO, until))
}
