//! Memory against itself, and memory against the log.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use mmsb_types::{PageId, Place, Violation};

use super::unreadable;
use crate::{Bus, Error, Past};

/// Checks page memory and the catalogue.
#[must_use]
pub fn invariants(bus: &Bus) -> Vec<Violation> {
    let mut found = bus.store().check();
    bus.catalogue().read(|names| {
        names.for_each(|name, page| {
            if names.name(page).map(|held| &**held) != Some(name) || !bus.store().contains(page) {
                let what = format!("named {name:?}, but dead or otherwise named");
                found.push(Violation::new("mmsb/names-lead-to-pages", Place::Page(page), what));
            }
        });
    });
    found
}

/// Checks that the graph holds together and has no cycle, that its pages live, and that every page's own word agrees
/// with it.
#[must_use]
pub fn graph(bus: &Bus) -> Vec<Violation> {
    let graph = bus.graph_lock().as_of(bus.epoch());
    let mut found = graph.structure().check();
    // Ranks prove it, too, to who trusts them.
    found.extend(graph.structure().components().iter().filter_map(|pages| cycle(pages)));
    for page in graph.structure().order().into_iter().filter(|&page| !bus.store().contains(page)) {
        let what = "has edges, but does not live";
        found.push(Violation::new("mmsb/graph-of-living-pages", Place::Page(page), what));
    }
    for page in bus.pages() {
        let (told, is) = (bus.store().marks(page), graph.marks(page));
        if told != is {
            let what = format!("its word tells {told:?}, the graph {is:?}");
            found.push(Violation::new("mmsb/graph-marks", Place::Page(page), what));
        }
    }
    found
}

/// Pages that all depend on each other are a cycle.
fn cycle(component: &[PageId]) -> Option<Violation> {
    let [first, _, ..] = component else { return None };
    Some(Violation::new("graph/no-cycle", Place::Page(*first), format!("a cycle of {component:?}")))
}

/// Replays the log and compares what it amounts to with memory: pages, byte for byte, names, the graph.
///
/// # Cost
/// As [`Bus::at`](crate::Bus::at). Nothing is compared where nothing is kept.
#[must_use]
pub fn replay(bus: &Bus) -> Vec<Violation> {
    match bus.at(bus.epoch()) {
        Ok(past) => compare(bus, &past),
        Err(Error::NoHistory) => Vec::new(),
        Err(error) => vec![unreadable(&error)],
    }
}

fn compare(bus: &Bus, past: &Past) -> Vec<Violation> {
    let (mut found, mut live): (Vec<_>, BTreeSet<PageId>) = (Vec::new(), bus.pages().collect());
    for info in past.pages() {
        live.remove(&info.page);
        let place = Place::Page(info.page);
        let logged = past.bytes(info.page).unwrap_or_default();
        let unlike = unlike(bus, info.page, logged);
        found.extend(unlike.map(|what| Violation::new("mmsb/replay-equals-live", place, what)));
        if bus.page_name(info.page) != info.name {
            found.push(Violation::new("mmsb/names-equal-log", place, "names differ"));
        }
    }
    let unlogged = |page| Violation::new("mmsb/replay-equals-live", Place::Page(page), "not in the log");
    found.extend(live.into_iter().map(unlogged));
    if bus.graph_lock().as_of(bus.epoch()) != past.heading().graph {
        found.push(Violation::new("mmsb/graph-equals-log", Place::Whole, "the graphs differ"));
    }
    found
}

/// Tells how a live page is unlike its logged bytes.
fn unlike(bus: &Bus, page: PageId, logged: &[u8]) -> Option<String> {
    let compare = |bytes: &[u8]| {
        let differs = bytes.iter().zip(logged).position(|(live, logged)| live != logged);
        differs.map(|at| format!("byte {at} is {:#04x}, in the log {:#04x}", bytes[at], logged[at])).or_else(
            || {
                (bytes.len() != logged.len())
                    .then(|| format!("{} bytes, in the log {}", bytes.len(), logged.len()))
            },
        )
    };
    bus.with_page(page, compare).unwrap_or_else(|error| Some(error.to_string()))
}
