//! Differences as JSON.

use mmsb::{Diff, Divergence, RunDiff};
use serde::Serialize;

use crate::render::{JsonGraphDiff, JsonPageDiff, JsonSide};

#[derive(Serialize)]
pub(super) struct JsonRuns<'a> {
    same: bool,
    compared_count: u64,
    only_left_count: u64,
    only_right_count: u64,
    last_common: Option<[u64; 2]>,
    first: Option<JsonDivergence<'a>>,
}

#[derive(Serialize)]
struct JsonDivergence<'a> {
    label: Option<u64>,
    left: JsonSide<'a>,
    right: JsonSide<'a>,
    pages: Vec<JsonPageDiff<'a>>,
    graph: Vec<JsonGraphDiff<'a>>,
}

#[derive(Serialize)]
pub(super) struct JsonStates<'a> {
    same: bool,
    left: u64,
    right: u64,
    pages: Vec<JsonPageDiff<'a>>,
    graph: Vec<JsonGraphDiff<'a>>,
}

impl<'a> From<&'a RunDiff> for JsonRuns<'a> {
    fn from(diff: &'a RunDiff) -> Self {
        Self {
            same: diff.is_same(),
            compared_count: diff.compared_count,
            only_left_count: diff.only_left_count,
            only_right_count: diff.only_right_count,
            last_common: diff.last_common.map(|(left, right)| [left.get(), right.get()]),
            first: diff.divergence.as_ref().map(JsonDivergence::from),
        }
    }
}

impl<'a> From<&'a Divergence> for JsonDivergence<'a> {
    fn from(divergence: &'a Divergence) -> Self {
        Self {
            label: divergence.label.map(|label| label.get()),
            left: (&divergence.left).into(),
            right: (&divergence.right).into(),
            pages: divergence.pages.iter().map(JsonPageDiff::from).collect(),
            graph: divergence.graph.iter().map(JsonGraphDiff::from).collect(),
        }
    }
}

impl<'a> From<&'a Diff> for JsonStates<'a> {
    fn from(diff: &'a Diff) -> Self {
        let pages = diff.pages.iter().map(JsonPageDiff::from).collect();
        let graph = diff.graph.iter().map(JsonGraphDiff::from).collect();
        Self { same: diff.is_empty(), left: diff.left.get(), right: diff.right.get(), pages, graph }
    }
}
