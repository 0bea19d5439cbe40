//! Going back to a state read from the log: the pages changed since are compared with it.
//!
//! Invariant: a page whose last change is not behind the target is as it was then.

use mmsb_delta::diff_runs;
use mmsb_types::{Epoch, PageId, Span};

use super::Restored;
use crate::{Bus, Error, Past, Transaction, graph::Before, wave::LiveGraph};

/// Fills the transaction with what differs between the live state and `past`. Nobody commits meanwhile.
pub(super) fn fill(
    bus: &Bus,
    tx: &mut Transaction<'_>,
    past: &Past,
    live: &LiveGraph,
) -> Result<Restored, Error> {
    let (mut restored, mut runs) = (Restored::default(), Vec::new());
    for page in born_since(bus, past) {
        tx.delete_page(page)?;
        restored.page_count += 1;
    }
    for info in past.pages() {
        let (page, bytes) = (info.page, past.bytes(info.page)?);
        if !bus.store().contains(page) {
            tx.revive_page(page, info.page_bytes, info.name.as_deref())?;
            tx.capture(page, bytes)?;
            restored.page_count += 1;
            restored.byte_count += bytes.len();
            continue;
        }
        let byte_count = restore_bytes(bus, tx, past.epoch(), page, bytes, &mut runs)?;
        let renamed = bus.page_name(page) != info.name;
        if renamed {
            tx.name_page(page, info.name.as_deref())?;
        }
        restored.page_count += usize::from(renamed || byte_count > 0);
        restored.byte_count += byte_count;
    }
    restore_graph(bus, tx, past, live)?;
    Ok(restored)
}

/// Asks for what leads from the live graph to that of `past`.
fn restore_graph(bus: &Bus, tx: &mut Transaction<'_>, past: &Past, live: &LiveGraph) -> Result<(), Error> {
    let now = bus.graph_lock().newest(live);
    let events = Before::between(&past.heading().graph, &now).events_back(&now);
    events.into_iter().try_for_each(|event| tx.push_graph(event))
}

/// Lists the pages that live and did not at `past`.
fn born_since(bus: &Bus, past: &Past) -> Vec<PageId> {
    let mut then = past.pages().map(|info| info.page).peekable();
    let is_new = |page: &PageId| {
        while then.next_if(|old| old < page).is_some() {}
        then.peek() != Some(page)
    };
    bus.pages().filter(is_new).collect()
}

/// Writes those of a page's old bytes that differ; returns how many.
fn restore_bytes(
    bus: &Bus,
    tx: &mut Transaction<'_>,
    target: Epoch,
    page: PageId,
    old: &[u8],
    runs: &mut Vec<Span>,
) -> Result<usize, Error> {
    if bus.page_epoch(page)? <= target {
        return Ok(0);
    }
    bus.with_page(page, |live| diff_runs(live, old, runs))?;
    runs.iter().try_for_each(|run| tx.write(page, run.offset, &old[run.range()]))?;
    Ok(runs.iter().map(|run| run.len as usize).sum())
}
