//! `mmsb stats --log`: what the log is made of.

use std::sync::Arc;

use mmsb::{Bus, LogCounts, LogReport, PageId, SegmentReport};
use serde::Serialize;

use crate::{
    cmd::Outcome,
    render::{Out, Table, count, facts},
};

#[derive(Serialize)]
struct JsonReport<'a> {
    total: JsonCounts,
    segments: Vec<JsonSegment>,
    pages: Vec<JsonPage>,
    tags: Vec<JsonText<'a>>,
    sites: Vec<JsonText<'a>>,
}

#[derive(Serialize)]
struct JsonCounts {
    bytes: u64,
    commit_count: u64,
    bytes_per_commit: f64,
    mark_count: u64,
    sync_count: u64,
    state_count: u64,
    label_count: u64,
    created_count: u64,
    deleted_count: u64,
    run_count: u64,
    payload_bytes: u64,
    frame_bytes: u64,
    frame_bytes_max: u64,
}

#[derive(Serialize)]
struct JsonSegment {
    segment: u64,
    first_lsn: u64,
    first: u64,
    #[serde(flatten)]
    counts: JsonCounts,
}

#[derive(Serialize)]
struct JsonPage {
    page: u64,
    commit_count: u64,
}

#[derive(Serialize)]
struct JsonText<'a> {
    text: &'a str,
    commit_count: u64,
}

/// Prints the report.
pub fn run(bus: &Bus, json: bool, out: &mut Out) -> anyhow::Result<Outcome> {
    let report = bus.log_report()?;
    if json {
        out.json(&JsonReport::from(&report))?;
    } else {
        print(&report, out)?;
    }
    Ok(Outcome::Same)
}

fn print(report: &LogReport, out: &mut Out) -> std::io::Result<()> {
    let total = &report.total;
    let pages = report.pages.iter().map(|(page, number)| format!("{page} ({})", count(*number)));
    out.line(facts([
        ("log", format!("{} bytes in {} files", count(total.bytes), count(report.segments.len() as u64))),
        ("commits", format!("{}, {:.1} bytes each", count(total.commit_count), total.bytes_per_commit())),
        ("deltas", format!("{} runs, {} bytes", count(total.run_count), count(total.payload_bytes))),
        ("marks", format!("{}, {} syncs told", count(total.mark_count), count(total.sync_count))),
        ("pages", list(pages)),
        ("tags", texts(&report.tags)),
        ("sites", texts(&report.sites)),
    ]))?;
    out.line(table(&report.segments))
}

fn table(segments: &[SegmentReport]) -> Table {
    let mut table = Table::new(&[
        "#segment",
        "#from",
        "#bytes",
        "#commits",
        "#bytes each",
        "#marks",
        "#syncs",
        "#runs",
        "#payload",
    ]);
    for SegmentReport { segment, first, counts, .. } in segments {
        table.row([
            segment.to_string(),
            first.to_string(),
            count(counts.bytes),
            count(counts.commit_count),
            format!("{:.1}", counts.bytes_per_commit()),
            count(counts.mark_count),
            count(counts.sync_count),
            count(counts.run_count),
            count(counts.payload_bytes),
        ]);
    }
    table
}

fn texts(texts: &[(Arc<str>, u64)]) -> String {
    list(texts.iter().map(|(text, number)| format!("{text} ({})", count(*number))))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

impl<'a> From<&'a LogReport> for JsonReport<'a> {
    fn from(report: &'a LogReport) -> Self {
        let page = |&(page, commit_count): &(PageId, u64)| JsonPage { page: page.get(), commit_count };
        let text = |(text, commit_count): &'a (Arc<str>, u64)| JsonText { text, commit_count: *commit_count };
        Self {
            total: (&report.total).into(),
            segments: report.segments.iter().map(JsonSegment::from).collect(),
            pages: report.pages.iter().map(page).collect(),
            tags: report.tags.iter().map(text).collect(),
            sites: report.sites.iter().map(text).collect(),
        }
    }
}

impl From<&SegmentReport> for JsonSegment {
    fn from(report: &SegmentReport) -> Self {
        let SegmentReport { segment, first_lsn, first, counts, .. } = report;
        Self { segment: *segment, first_lsn: first_lsn.get(), first: first.get(), counts: counts.into() }
    }
}

impl From<&LogCounts> for JsonCounts {
    fn from(counts: &LogCounts) -> Self {
        Self {
            bytes: counts.bytes,
            commit_count: counts.commit_count,
            bytes_per_commit: counts.bytes_per_commit(),
            mark_count: counts.mark_count,
            sync_count: counts.sync_count,
            state_count: counts.state_count,
            label_count: counts.label_count,
            created_count: counts.created_count,
            deleted_count: counts.deleted_count,
            run_count: counts.run_count,
            payload_bytes: counts.payload_bytes,
            frame_bytes: counts.frame_bytes,
            frame_bytes_max: counts.frame_bytes_max,
        }
    }
}
