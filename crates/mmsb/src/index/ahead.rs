//! Indexes that are made before they are needed, once somebody has asked for any: whoever asks again would wait while a
//! segment is read.
//!
//! Invariant: a commit never waits for it, and a question no longer than it takes to read what was logged since the last
//! nudge.

use std::collections::BTreeSet;

use mmsb_tlog::Manifest;
use mmsb_types::Lsn;

use super::{Indexes, end_before, segment::SegmentIndex};
use crate::Error;

impl Indexes {
    /// Makes and writes the indexes of closed segments that have none, the newest first, as long as `goes_on` says so.
    /// Each segment is looked at once: `seen` tells which were. What is known of the open one grows up to `written`.
    ///
    /// # Errors
    /// [`Error::Corrupt`], [`Error::HistoryGone`], [`Error::Io`]. The segment is seen, and the others wait for the next
    /// call.
    ///
    /// # Cost
    /// Opens the index of each segment that is new; reads the segments that have none.
    pub(crate) fn make_ahead(
        &self,
        seen: &mut BTreeSet<u64>,
        written: Lsn,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<(), Error> {
        let oldest = |manifest: &Manifest| Some((manifest.oldest(), ()));
        // No segment goes that is to be read.
        let Some(_hold) = self.kept.hold(oldest) else { return Ok(()) };
        let dir = self.kept.dir();
        let manifest = dir.manifest();
        for (head, next) in manifest.segments.iter().zip(&manifest.segments[1..]).rev() {
            if goes_on() && seen.insert(head.segment) && !SegmentIndex::is_there(&dir, head) {
                self.make(*head, end_before(next), goes_on)?;
            }
        }
        let Some(&open) = manifest.segments.last() else { return Ok(()) };
        self.grow_open(open, open.cursor(), written, goes_on, |_| ())
    }
}
