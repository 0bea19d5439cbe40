//! Commits as a table, or as objects.

use mmsb::{CommitInfo, GraphEvent, PageEvent};
use serde::Serialize;

use super::events::JsonEvent;
use crate::render::{JsonGraphEvent, JsonSource, Table, count};

/// One commit.
#[derive(Debug, Serialize)]
pub struct JsonCommit<'a> {
    epoch: u64,
    label: Option<u64>,
    timestamp_nanos: Option<u64>,
    #[serde(flatten)]
    source: JsonSource<'a>,
    lsn: u64,
    frame_bytes: usize,
    pages: Vec<u64>,
    run_count: usize,
    payload_bytes: usize,
    events: Vec<JsonEvent<'a>>,
    graph: Vec<JsonGraphEvent<'a>>,
}

/// Lays commits out, a row each.
pub fn table(commits: &[CommitInfo]) -> Table {
    let heads = ["#epoch", "#label", "by", "#pages", "#runs", "#bytes", "#frame bytes", "catalogue"];
    let mut table = Table::new(&heads);
    for commit in commits {
        let by = if commit.source.is_unknown() { String::new() } else { commit.source.to_string() };
        table.row([
            commit.epoch.to_string(),
            commit.label.map_or(String::new(), |label| label.get().to_string()),
            by,
            count(commit.pages.len() as u64),
            count(commit.run_count as u64),
            count(commit.payload_bytes as u64),
            count(commit.frame_bytes as u64),
            told([catalogue(&commit.events), graph(&commit.graph)].concat()),
        ]);
    }
    table
}

fn catalogue(events: &[PageEvent]) -> Vec<(usize, &'static str)> {
    let number = |of: fn(&PageEvent) -> bool| events.iter().filter(|event| of(event)).count();
    vec![
        (number(|event| matches!(event, PageEvent::Created { .. })), "created"),
        (number(|event| matches!(event, PageEvent::Deleted { .. })), "deleted"),
        (number(|event| matches!(event, PageEvent::Named { .. })), "named"),
    ]
}

fn graph(events: &[GraphEvent]) -> Vec<(usize, &'static str)> {
    let number = |of: fn(&GraphEvent) -> bool| events.iter().filter(|event| of(event)).count();
    vec![
        (number(|event| matches!(event, GraphEvent::EdgeAdded(_))), "linked"),
        (number(|event| matches!(event, GraphEvent::EdgeRemoved(_))), "unlinked"),
        (number(|event| matches!(event, GraphEvent::Derived { .. })), "derived"),
        (number(|event| matches!(event, GraphEvent::Underived { .. })), "underived"),
        (number(|event| matches!(event, GraphEvent::Stale { .. })), "stale"),
        (number(|event| matches!(event, GraphEvent::Fresh { .. })), "fresh"),
    ]
}

fn told(kinds: Vec<(usize, &'static str)>) -> String {
    let told = kinds.iter().filter(|(number, _)| *number > 0);
    told.map(|(number, what)| format!("{number} {what}")).collect::<Vec<_>>().join(", ")
}

/// Makes the object of a commit.
pub fn json(commit: &CommitInfo) -> JsonCommit<'_> {
    JsonCommit {
        epoch: commit.epoch.get(),
        label: commit.label.map(|label| label.get()),
        timestamp_nanos: commit.timestamp_nanos,
        source: (&commit.source).into(),
        lsn: commit.lsn.get(),
        frame_bytes: commit.frame_bytes,
        pages: commit.pages.iter().map(|page| page.get()).collect(),
        run_count: commit.run_count,
        payload_bytes: commit.payload_bytes,
        events: commit.events.iter().map(JsonEvent::from).collect(),
        graph: commit.graph.iter().map(JsonGraphEvent::from).collect(),
    }
}
