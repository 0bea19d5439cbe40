//! The objects that more than one command prints. Keys are stable; the help texts document them.

use std::path::Path;

use mmsb::{ByteRun, Change, ChangeKind, PageDiff, PageDifference, Side, Source};
use serde::{Serialize, Serializer};

use super::hex;

/// A path; what is no UTF-8 in it becomes U+FFFD.
#[derive(Clone, Copy, Debug)]
pub struct JsonPath<'a>(pub &'a Path);

/// Who made a commit.
#[derive(Debug, Serialize)]
pub struct JsonSource<'a> {
    tag: Option<&'a str>,
    site: Option<&'a str>,
}

/// One run at the place where two part.
#[derive(Debug, Serialize)]
pub struct JsonSide<'a> {
    epoch: u64,
    label: Option<u64>,
    #[serde(flatten)]
    source: JsonSource<'a>,
}

/// A run of bytes in hexadecimal: left and right, or before and after.
#[derive(Debug, Serialize)]
pub struct JsonRun {
    offset: u32,
    old: String,
    new: String,
}

/// How one page differs.
#[derive(Debug, Default, Serialize)]
pub struct JsonPageDiff<'a> {
    page: u64,
    name: Option<&'a str>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_bytes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    right_bytes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    right_name: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    right_epoch: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runs: Option<Vec<JsonRun>>,
}

/// What one commit did to one page.
#[derive(Debug, Serialize)]
pub struct JsonChange<'a> {
    epoch: u64,
    label: Option<u64>,
    timestamp_nanos: Option<u64>,
    #[serde(flatten)]
    source: JsonSource<'a>,
    page: u64,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_bytes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    runs: Vec<JsonRun>,
}

impl Serialize for JsonPath<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.display())
    }
}

impl<'a> From<&'a Source> for JsonSource<'a> {
    fn from(source: &'a Source) -> Self {
        Self { tag: source.tag.as_deref(), site: source.site.as_deref() }
    }
}

impl<'a> From<&'a Side> for JsonSide<'a> {
    fn from(side: &'a Side) -> Self {
        let label = side.label.map(|label| label.get());
        Self { epoch: side.epoch.get(), label, source: (&side.source).into() }
    }
}

impl From<&ByteRun> for JsonRun {
    fn from(run: &ByteRun) -> Self {
        Self { offset: run.offset, old: hex(&run.old), new: hex(&run.new) }
    }
}

impl<'a> From<&'a PageDiff> for JsonPageDiff<'a> {
    fn from(diff: &'a PageDiff) -> Self {
        let base = Self { page: diff.page.get(), name: diff.name.as_deref(), ..Self::default() };
        match &diff.what {
            PageDifference::OnlyLeft { page_bytes } => {
                Self { kind: "only_left", left_bytes: Some(*page_bytes), ..base }
            }
            PageDifference::OnlyRight { page_bytes } => {
                Self { kind: "only_right", right_bytes: Some(*page_bytes), ..base }
            }
            PageDifference::Length { left, right } => {
                Self { kind: "length", left_bytes: Some(*left), right_bytes: Some(*right), ..base }
            }
            PageDifference::Name { right } => {
                Self { kind: "name", right_name: Some(right.as_deref()), ..base }
            }
            PageDifference::Bytes { runs, left_epoch, right_epoch } => Self {
                kind: "bytes",
                left_epoch: Some(left_epoch.get()),
                right_epoch: Some(right_epoch.get()),
                runs: Some(runs.iter().map(JsonRun::from).collect()),
                ..base
            },
        }
    }
}

impl<'a> From<&'a Change> for JsonChange<'a> {
    fn from(change: &'a Change) -> Self {
        let (kind, page_bytes) = match change.kind {
            ChangeKind::Created { page_bytes } => ("created", Some(page_bytes)),
            ChangeKind::Written => ("written", None),
            ChangeKind::Named => ("named", None),
            ChangeKind::Deleted => ("deleted", None),
        };
        Self {
            epoch: change.epoch.get(),
            label: change.label.map(|label| label.get()),
            timestamp_nanos: change.timestamp_nanos,
            source: (&change.source).into(),
            page: change.page.get(),
            kind,
            page_bytes,
            name: change.name.as_deref(),
            runs: change.runs.iter().map(JsonRun::from).collect(),
        }
    }
}
