//! Comparing who depends on whom.

mod text;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mmsb_types::{Edge, PageId, Registration};

use crate::graph::GraphState;

/// One difference between two graphs. Pages have their ids on the left, where they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphDifference {
    /// Only the left state has the edge, made by hand.
    EdgeOnlyLeft(Edge),
    /// Only the right state has the edge, made by hand.
    EdgeOnlyRight(Edge),
    /// The page is derived in one state alone, or otherwise.
    Registration {
        /// Which page.
        page: PageId,
        /// By what on the left, and from what.
        left: Option<Arc<Registration>>,
        /// By what on the right, and from what.
        right: Option<Arc<Registration>>,
    },
    /// The page is stale in the left state alone.
    StaleOnlyLeft(PageId),
    /// The page is stale in the right state alone.
    StaleOnlyRight(PageId),
}

/// Compares two graphs; `left_id` gives the left id of a page of the right state, if that is there.
pub(crate) fn diff_graphs(
    left: &GraphState,
    right: &GraphState,
    left_id: impl Fn(PageId) -> Option<PageId>,
) -> Vec<GraphDifference> {
    let mut differences = Vec::new();
    diff_edges(left, right, &left_id, &mut differences);
    diff_registrations(left, right, &left_id, &mut differences);
    let flags: BTreeSet<PageId> = right.stale().filter_map(&left_id).collect();
    let only_left = left.stale().filter(|page| !flags.contains(page));
    differences.extend(only_left.map(GraphDifference::StaleOnlyLeft));
    let only_right = right.stale().filter(|&page| !left_id(page).is_some_and(|page| left.is_stale(page)));
    differences.extend(only_right.map(|page| GraphDifference::StaleOnlyRight(left_id(page).unwrap_or(page))));
    differences
}

fn diff_edges(
    left: &GraphState,
    right: &GraphState,
    left_id: &impl Fn(PageId) -> Option<PageId>,
    differences: &mut Vec<GraphDifference>,
) {
    let paired =
        |edge: Edge| Some(Edge { source: left_id(edge.source)?, target: left_id(edge.target)?, ..edge });
    let (lefts, rights) = (left.hand_edges(), right.hand_edges());
    let known: BTreeSet<Edge> = rights.iter().filter_map(|&edge| paired(edge)).collect();
    let only_left = lefts.iter().filter(|edge| !known.contains(edge));
    differences.extend(only_left.map(|&edge| GraphDifference::EdgeOnlyLeft(edge)));
    let is_left = |edge: Edge| paired(edge).is_some_and(|edge| lefts.binary_search(&edge).is_ok());
    let only_right = rights.iter().filter(|&&edge| !is_left(edge));
    let shown = |&edge: &Edge| GraphDifference::EdgeOnlyRight(paired(edge).unwrap_or(edge));
    differences.extend(only_right.map(shown));
}

fn diff_registrations(
    left: &GraphState,
    right: &GraphState,
    left_id: &impl Fn(PageId) -> Option<PageId>,
    differences: &mut Vec<GraphDifference>,
) {
    let mut rights = BTreeMap::new();
    for (page, registration) in right.derived() {
        let page = left_id(page).map_or((1, page), |page| (0, page));
        rights.insert(page, in_left_ids(registration, left_id));
    }
    for (page, registration) in left.derived() {
        let other = rights.remove(&(0, page));
        if other.as_ref() != Some(registration) {
            let left = Some(Arc::clone(registration));
            differences.push(GraphDifference::Registration { page, left, right: other });
        }
    }
    differences.extend(rights.into_iter().map(|((_, page), registration)| GraphDifference::Registration {
        page,
        left: None,
        right: Some(registration),
    }));
}

fn in_left_ids(
    registration: &Arc<Registration>,
    left_id: &impl Fn(PageId) -> Option<PageId>,
) -> Arc<Registration> {
    let inputs = registration.inputs.iter();
    if inputs.clone().all(|&input| left_id(input).is_none_or(|id| id == input)) {
        return Arc::clone(registration);
    }
    let inputs = inputs.map(|&input| left_id(input).unwrap_or(input)).collect();
    Arc::new(Registration { inputs, ..Registration::clone(registration) })
}
