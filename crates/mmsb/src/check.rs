//! The facade's own check: memory against the log.

use mmsb_types::{PageId, Place, Violation};

use crate::Bus;

/// Checks page memory, the catalogue, the graph, and that the live state is what the log amounts to.
pub(crate) fn check(bus: &Bus) -> Vec<Violation> {
    let mut violations = bus.store().check();
    check_names(bus, &mut violations);
    check_graph(bus, &mut violations);
    match bus.at(bus.epoch()) {
        Ok(past) => compare(bus, &past, &mut violations),
        Err(crate::Error::NoHistory) => {}
        Err(error) => violations.push(Violation::new("mmsb/log-readable", Place::Whole, error.to_string())),
    }
    violations
}

/// Checks that names and pages lead to each other, and that named pages live.
fn check_names(bus: &Bus, violations: &mut Vec<Violation>) {
    bus.catalogue().read(|names| {
        names.for_each(|name, page| {
            if names.name(page).map(|held| &**held) != Some(name) || !bus.store().contains(page) {
                let what = format!("named {name:?}, but dead or otherwise named");
                violations.push(Violation::new("mmsb/names-lead-to-pages", Place::Page(page), what));
            }
        });
    });
}

/// Tells how a live page is unlike its logged bytes.
fn unlike(bus: &Bus, page: PageId, logged: &[u8]) -> Option<String> {
    match bus.with_page(page, |bytes| bytes == logged) {
        Ok(is_same) => (!is_same).then(|| "bytes differ".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// Checks that the graph holds together, that its pages live, and that every page's own word agrees with it.
fn check_graph(bus: &Bus, violations: &mut Vec<Violation>) {
    let graph = bus.graph_lock().as_of(bus.epoch());
    violations.extend(graph.structure().check());
    for page in graph.structure().order().into_iter().filter(|&page| !bus.store().contains(page)) {
        let what = "has edges, but does not live";
        violations.push(Violation::new("mmsb/graph-of-living-pages", Place::Page(page), what));
    }
    for page in bus.pages() {
        let (told, is) = (bus.store().marks(page), graph.marks(page));
        if told != is {
            let what = format!("its word tells {told:?}, the graph {is:?}");
            violations.push(Violation::new("mmsb/graph-marks", Place::Page(page), what));
        }
    }
}

fn compare(bus: &Bus, past: &crate::Past, violations: &mut Vec<Violation>) {
    let mut live: std::collections::BTreeSet<PageId> = bus.pages().collect();
    for info in past.pages() {
        live.remove(&info.page);
        let place = Place::Page(info.page);
        let logged = past.bytes(info.page).unwrap_or_default();
        let unlike = unlike(bus, info.page, logged);
        violations.extend(unlike.map(|what| Violation::new("mmsb/replay-equals-live", place, what)));
        if bus.page_name(info.page) != info.name {
            violations.push(Violation::new("mmsb/names-equal-log", place, "names differ"));
        }
    }
    let unlogged = |page| Violation::new("mmsb/replay-equals-live", Place::Page(page), "not in the log");
    violations.extend(live.into_iter().map(unlogged));
    if bus.graph_lock().as_of(bus.epoch()) != past.heading().graph {
        violations.push(Violation::new("mmsb/graph-equals-log", Place::Whole, "the graphs differ"));
    }
}
