//! The report for people.

use std::io::Result;

use super::{Report, State};
use crate::render::{Out, count};

impl Report<'_> {
    fn verdict(&self, out: &Out) -> String {
        match self.state {
            State::Closed => out.paint.good("sound") + ", closed by a clean stop",
            State::Open => out.paint.good("sound") + ", not closed: its program was killed or still runs",
            State::Torn => out.paint.good("sound") + ", with a torn tail: what follows was never durable",
            State::Damaged => out.paint.bad("damaged") + ": durable bytes are not as they were written",
        }
    }

    pub(super) fn print(&self, out: &mut Out) -> Result<()> {
        let verdict = self.verdict(out);
        let (frames, marks) = (count(self.frame_count), count(self.mark_count));
        out.line(format_args!("{}: {verdict}", self.file.0.display()))?;
        out.line(format_args!(
            "{frames} frames and {marks} marks in {} segments, {} checkpoints; e{} is durable",
            self.segment_count, self.checkpoint_count, self.synced_through
        ))?;
        for bad in &self.bad {
            let (file, durable) = (bad.file.0.display(), if bad.durable { "durable" } else { "torn" });
            let (offset, number, what) = (bad.offset, bad.number, &bad.what);
            out.line(format_args!("{file}: offset {offset}, record {number}, {durable}: {what}"))?;
        }
        self.indexes.iter().try_for_each(|index| out.line(format_args!("to be made again: {index}")))?;
        self.violations.iter().try_for_each(|violation| out.line(format_args!("violated: {violation}")))
    }
}
