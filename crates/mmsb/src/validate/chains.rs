//! Where pages come from: whether every chain of changes holds together, and ends where it says.

#[cfg(test)]
mod tests;

use mmsb_types::{Epoch, PageId, Place, Violation};

use super::walk::walk;
use crate::{Bus, Error, Provenance, WhyHow, WhyStep};

/// Checks that every computed change names inputs that lived then, changed then, and had an edge to the page; that no
/// derived page was written by hand; that from each page a chain leads back, step by step, to bytes that were written,
/// a page's birth, or the oldest state kept, or says that it was cut.
///
/// # Cost
/// One pass over the log, and [`Bus::why`](crate::Bus::why) of every page.
#[must_use]
pub fn provenance(bus: &Bus) -> Vec<Violation> {
    [walk(bus).provenance, each(bus)].concat()
}

/// Tells what is wrong with the chain of each page.
pub(super) fn each(bus: &Bus) -> Vec<Violation> {
    bus.pages().filter_map(|page| chain(bus, page)).collect()
}

fn chain(bus: &Bus, page: PageId) -> Option<Violation> {
    let broken = match bus.why(page).run() {
        Ok(found) => broken(bus, &found),
        Err(Error::NoHistory) => None,
        Err(error) => Some(error.to_string()),
    };
    broken.map(|what| Violation::new("provenance/chain-ends-honestly", Place::Page(page), what))
}

fn broken(bus: &Bus, found: &Provenance) -> Option<String> {
    let oldest = bus.oldest();
    let first = found.steps.first().filter(|step| step.page == found.page && step.depth == 0);
    if first.is_none_or(|first| !is_newest(bus, first, oldest)) {
        return Some("it does not begin with the page's last change".into());
    }
    found.steps.iter().find_map(|step| {
        let what = match &step.how {
            WhyHow::Gone if step.epoch > oldest => "the log is older",
            WhyHow::Rewound { target } if *target >= step.epoch => "no step back",
            _ if step.is_cut && step.depth < found.depth_max => "cut before its time",
            _ if !step.is_cut && found.left_count == 0 && skips(found, step) => "not all of it is told",
            _ => return None,
        };
        Some(format!("{step}: {what}"))
    })
}

/// Tells whether nothing is told of something that a step was made of.
fn skips(found: &Provenance, step: &WhyStep) -> bool {
    let is_end = |how: &WhyHow| matches!(how, WhyHow::Gone | WhyHow::Unread);
    let mut sources = step.sources();
    sources.any(|(page, until)| {
        let tells = |other: &WhyStep| other.page == page && (other.epoch <= until || is_end(&other.how));
        !found.steps.iter().any(tells)
    })
}

/// Tells whether a step is the last change of its page; what was changed before the log begins is gone.
fn is_newest(bus: &Bus, step: &WhyStep, oldest: Epoch) -> bool {
    let epoch = bus.page_epoch(step.page).ok();
    if step.how == WhyHow::Gone { epoch <= Some(oldest) } else { epoch == Some(step.epoch) }
}
