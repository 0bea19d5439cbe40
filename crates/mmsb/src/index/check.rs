//! Indexes against the log: whether each file says what its segment says.
//!
//! Invariant: changes nothing, and never fails: what cannot be read is a violation.

use std::sync::Arc;

use mmsb_tlog::{LogDir, SegmentHead};
use mmsb_types::{Place, Violation};

use super::{
    end_before,
    part::Part,
    segment::{NoIndex, SegmentIndex},
};
use crate::kept::Kept;

/// Compares the index file of every closed segment with the segment itself, slowly and completely.
///
/// Rules: `mmsb/index-readable` (it is an index of this segment), `mmsb/index-log-readable` (the segment can be
/// compared), `mmsb/index-parts`, `mmsb/index-places`, `mmsb/index-pages`, `mmsb/index-labels`,
/// `mmsb/index-sources`, `mmsb/index-counts` (it tells of these what the segment tells). A segment without an
/// index, or with one of an older version, violates nothing: it is made when it is needed. Bad ones are made again by the next writer that asks.
///
/// # Cost
/// One pass over the segments that have an index.
#[must_use]
pub fn verify_indexes(dir: &LogDir) -> Vec<Violation> {
    let kept = Kept::new(dir.clone());
    let manifest = dir.manifest();
    let closed = manifest.segments.iter().zip(manifest.segments.iter().skip(1));
    closed.flat_map(|(head, next)| check(&kept, head, next)).collect()
}

fn check(kept: &Kept, head: &SegmentHead, next: &SegmentHead) -> Vec<Violation> {
    let end = end_before(next);
    let told = |rule, what: String| {
        vec![Violation::new(rule, Place::Lsn(head.first_lsn), format!("idx-{}: {what}", head.segment))]
    };
    let found = match SegmentIndex::load(&kept.dir(), head, end) {
        Ok(found) => found,
        Err(NoIndex::Missing | NoIndex::Older) => return Vec::new(),
        Err(NoIndex::Bad(what)) => return told("mmsb/index-readable", what),
    };
    match SegmentIndex::read_log(kept, head.cursor(), end.lsn) {
        Ok(expected) => compare(head, &expected.parts, &found.parts),
        Err(error) => told("mmsb/index-log-readable", error.to_string()),
    }
}

fn compare(head: &SegmentHead, expected: &[Arc<Part>], found: &[Arc<Part>]) -> Vec<Violation> {
    if !expected.iter().map(|part| (part.start, part.end)).eq(found.iter().map(|part| (part.start, part.end)))
    {
        let what = format!("idx-{}: it is divided otherwise", head.segment);
        return vec![Violation::new("mmsb/index-parts", Place::Lsn(head.first_lsn), what)];
    }
    expected.iter().zip(found).flat_map(|(expected, found)| compare_parts(head, expected, found)).collect()
}

fn compare_parts(head: &SegmentHead, expected: &Part, found: &Part) -> Vec<Violation> {
    let is_same_pages = expected.pages == found.pages
        && expected.page_sets().eq(found.page_sets())
        && expected.broad == found.broad;
    let rules = [
        ("mmsb/index-places", expected.places == found.places),
        ("mmsb/index-pages", is_same_pages),
        ("mmsb/index-labels", expected.labels == found.labels),
        ("mmsb/index-sources", expected.key_sets().eq(found.key_sets())),
        ("mmsb/index-counts", expected.tally == found.tally),
    ];
    let broken = rules.into_iter().filter(|&(_, is_kept)| !is_kept);
    let what = format!(
        "idx-{}: it differs from the log between {:?} and {:?}",
        head.segment, expected.start.lsn, expected.end.lsn
    );
    broken.map(|(rule, _)| Violation::new(rule, Place::Lsn(expected.start.lsn), what.clone())).collect()
}
