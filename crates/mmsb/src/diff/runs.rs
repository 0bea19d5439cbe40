//! Comparing two runs commit by commit: where do they part, in which bytes, and who wrote them?
//!
//! Both logs are replayed side by side. A page can only begin or cease to differ when a commit touches it, so
//! after each step only the pages touched by it are compared.

use std::collections::{BTreeMap, BTreeSet};

use mmsb_tlog::Commit;
use mmsb_types::{Epoch, Label, PageEvent, PageId};

use super::{Divergence, GraphDifference, RunDiff, Side, diff_graphs, diff_page};
use crate::{
    Bus, Error,
    bus::last_epochs,
    info::events,
    journal::{Origin, Pass},
    state::State,
};

/// How states of two runs are paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// By label if both runs have labels, else by epoch.
    #[default]
    Auto,
    /// By epoch: the n-th commit with the n-th.
    Epoch,
    /// By label: the last state of each label. Where both runs end with commits behind the same last label,
    /// or have no label, their newest states are compared, too.
    Label,
}

/// Compares two runs up to the first state that differs.
///
/// # Errors
/// Those of reading either log.
///
/// # Cost
/// Reads each log once (twice if aligned by label) and holds both runs' pages.
pub fn compare_runs(left: &Bus, right: &Bus, align: Align) -> Result<RunDiff, Error> {
    if align == Align::Epoch {
        return compare(left, right, &by_epoch(left, right)?);
    }
    let newest = (left.epoch(), right.epoch());
    let (left_labels, right_labels) = (last_epochs(left)?, last_epochs(right)?);
    let either_has_none = left_labels.is_empty() || right_labels.is_empty();
    if align == Align::Auto && either_has_none {
        return compare(left, right, &by_epoch(left, right)?);
    }
    compare(left, right, &by_label(&left_labels, &right_labels, newest))
}

/// The states to compare, in order, and what has no partner.
struct Pairs {
    pairs: Vec<(Option<Label>, Epoch, Epoch)>,
    only_left_count: u64,
    only_right_count: u64,
}

fn by_epoch(left: &Bus, right: &Bus) -> Result<Pairs, Error> {
    let oldest = left.oldest().max(right.oldest()).get();
    let (left, right) = (left.epoch().get(), right.epoch().get());
    let pair = |number| (None, Epoch::new(number), Epoch::new(number));
    Ok(Pairs {
        pairs: (oldest.max(1)..=left.min(right)).map(pair).collect(),
        only_left_count: left.saturating_sub(right),
        only_right_count: right.saturating_sub(left),
    })
}

/// In the order of the left run; where the right run made its labels in another order, it is replayed anew.
fn by_label(left: &BTreeMap<Label, Epoch>, right: &BTreeMap<Label, Epoch>, newest: (Epoch, Epoch)) -> Pairs {
    let common = left.iter().filter_map(|(&label, &epoch)| Some((Some(label), epoch, *right.get(&label)?)));
    let mut pairs: Vec<_> = common.collect();
    pairs.sort_by_key(|&(_, left, right)| (left, right));
    let count = pairs.len();
    pairs.extend(ends(last_label(left), last_label(right), newest));
    let (only_left_count, only_right_count) = ((left.len() - count) as u64, (right.len() - count) as u64);
    Pairs { pairs, only_left_count, only_right_count }
}

/// Pairs the newest states if a run has commits behind its last label and both have the same last one: else
/// such commits would never be looked at, and runs that differ there would pass for the same.
fn ends(
    left: (Option<Label>, Epoch),
    right: (Option<Label>, Epoch),
    newest: (Epoch, Epoch),
) -> Option<(Option<Label>, Epoch, Epoch)> {
    let has_more = newest.0 > left.1 || newest.1 > right.1;
    (left.0 == right.0 && has_more).then(|| (None, newest.0.max(left.1), newest.1.max(right.1)))
}

/// Returns the label that was used last, and its last epoch.
fn last_label(labels: &BTreeMap<Label, Epoch>) -> (Option<Label>, Epoch) {
    let last = labels.iter().max_by_key(|&(_, epoch)| epoch);
    last.map_or((None, Epoch::ZERO), |(&label, &epoch)| (Some(label), epoch))
}

fn compare(left: &Bus, right: &Bus, pairs: &Pairs) -> Result<RunDiff, Error> {
    let mut diff = RunDiff {
        only_left_count: pairs.only_left_count,
        only_right_count: pairs.only_right_count,
        ..RunDiff::default()
    };
    let (mut lefts, mut rights) = (Run::start(left)?, Run::start(right)?);
    let mut touched: BTreeSet<PageId> = lefts.pages().chain(rights.pages()).collect();
    let mut equal_graphs = None;
    for &(label, left_epoch, right_epoch) in &pairs.pairs {
        lefts.go_to(left, left_epoch, &mut touched)?;
        rights.go_to(right, right_epoch, &mut touched)?;
        diff.compared_count += 1;
        let page_diff = |&page: &PageId| diff_page(page, &lefts.state, &rights.state);
        let pages: Vec<_> = touched.iter().filter_map(page_diff).collect();
        let graph = lefts.diff_graph(&rights, &mut equal_graphs);
        if !pages.is_empty() || !graph.is_empty() {
            let (left, right) = (lefts.side(), rights.side());
            diff.divergence = Some(Divergence { label, left, right, pages, graph });
            return Ok(diff);
        }
        diff.last_common = Some((left_epoch, right_epoch));
        touched.clear();
    }
    Ok(diff)
}

/// One run on its way.
struct Run {
    state: State,
    pass: Pass,
}

impl Run {
    fn start(bus: &Bus) -> Result<Self, Error> {
        let (state, pass) = bus.journal().oldest_start(bus.epoch(), Origin::into_state)?;
        Ok(Self { state, pass })
    }

    fn pages(&self) -> impl Iterator<Item = PageId> {
        self.state.pages().map(|(page, _)| page)
    }

    fn side(&self) -> Side {
        let head = &self.state.head;
        Side { epoch: head.epoch, label: head.label, source: head.source() }
    }

    /// Compares the graphs, but for those that no commit changed since they were found equal.
    fn diff_graph(&self, other: &Self, equal: &mut Option<(Epoch, Epoch)>) -> Vec<GraphDifference> {
        let (left, right) = (&self.state.head.graph, &other.state.head.graph);
        let dates = (left.epoch, right.epoch);
        if *equal == Some(dates) {
            return Vec::new();
        }
        *equal = Some(dates);
        diff_graphs(left, right, Some)
    }

    /// Replays up to `epoch`, noting the pages on the way; backwards means from the start.
    fn go_to(&mut self, bus: &Bus, epoch: Epoch, touched: &mut BTreeSet<PageId>) -> Result<(), Error> {
        if epoch < self.state.head.epoch {
            touched.extend(self.pages());
            *self = Self::start(bus)?;
            touched.extend(self.pages());
        }
        let oldest = self.state.head.epoch;
        if epoch < oldest {
            return Err(Error::HistoryGone { asked: epoch, oldest });
        }
        let Self { state, pass } = self;
        while state.head.epoch < epoch {
            let applied = pass.visit(|commit| {
                touched.extend(touched_by(commit));
                state.apply(commit)
            });
            if applied?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

/// The pages that a commit changes, or says something of.
fn touched_by(commit: &Commit<'_>) -> BTreeSet<PageId> {
    let changed = commit.frame.batch.iter().map(|(page, _)| page);
    let events = events(commit.frame.sections).unwrap_or_default();
    changed.chain(events.iter().map(PageEvent::page)).collect()
}
