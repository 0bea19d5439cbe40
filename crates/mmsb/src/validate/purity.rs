//! Whether functions are pure: every derived page computed again, and again, by others in another order.

use mmsb_types::{PageId, Place, Violation};

use crate::{
    Bus, Error,
    wave::{GraphHeld, Trial},
};

/// So many workers compute all derived pages, one number after the other.
const WORKER_COUNTS: [usize; 4] = [1, 2, 3, 8];

/// Computes every derived page whose function is here, twice on different bytes left in its output, by one worker, by
/// two, three and eight, each time in another order; lists each page whose bytes are not always the same or whose
/// function fails, that reads a bus, whose pages it did not declare, and that is not what its function makes of its
/// inputs though it is not stale. Nothing is changed.
///
/// # Cost
/// Commits that change an input of a derived page wait meanwhile. Holds every derived page twice.
#[must_use]
pub fn purity(bus: &Bus) -> Vec<Violation> {
    match GraphHeld::new(bus).and_then(|mut held| look(&mut held)) {
        Ok(found) => found,
        Err(error) => vec![Violation::new("purity/looked-at", Place::Whole, error.to_string())],
    }
}

fn look(held: &mut GraphHeld<'_>) -> Result<Vec<Violation>, Error> {
    let mut found = Vec::new();
    held.with_trials(|trials| {
        let alone = trials.run(WORKER_COUNTS[0])?;
        for trial in &alone {
            found.extend(trial.broken().map(|(rule, what)| violation(trial.page, rule, what)));
        }
        for count in &WORKER_COUNTS[1..] {
            let others = trials.run(*count)?;
            found.extend(alone.iter().zip(&others).filter_map(|(alone, other)| unlike(alone, other, *count)));
        }
        Ok(())
    })?;
    // A function that is impure whoever runs it is told once.
    found.sort_by_key(|violation: &Violation| {
        (order(violation.place), violation.rule != "purity/equal-bytes")
    });
    found.dedup_by_key(|violation| (order(violation.place), violation.rule));
    Ok(found)
}

fn order(place: Place) -> Option<PageId> {
    if let Place::Page(page) = place { Some(page) } else { None }
}

/// Tells how a page came out otherwise by more workers.
fn unlike(alone: &Trial, other: &Trial, count: usize) -> Option<Violation> {
    let (Ok(one), Ok(two)) = (&alone.made, &other.made) else {
        return (alone.made.is_ok() && other.made.is_err())
            .then(|| other.broken())
            .flatten()
            .map(|(rule, what)| violation(alone.page, rule, what));
    };
    let at = one.iter().zip(two).position(|(one, two)| one != two)?;
    Some(violation(alone.page, "purity/any-workers", format!("{count} workers make another byte {at}")))
}

fn violation(page: PageId, rule: &'static str, what: String) -> Violation {
    Violation::new(rule, Place::Page(page), what)
}
