//! A plan as text: a line for each thing that opening does, in its order.

use std::fmt;

use mmsb_tlog::{CheckpointRef, SegmentHead};

use super::RecoveryPlan;

impl fmt::Display for RecoveryPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "reads {}/MANIFEST-{}", self.dir.display(), self.generation)?;
        for passed in &self.passed_over {
            writeln!(f, "passes over {}: {}", CheckpointRef::name_of(passed.epoch.get()), passed.why)?;
        }
        self.fmt_start(f)?;
        self.fmt_log(f)?;
        if let Some(cut) = &self.cut {
            let (file, offset, bytes) = (cut.file.display(), cut.offset, cut.bytes);
            writeln!(
                f,
                "cuts {file} at offset {offset}: {bytes} bytes that never were durable ({})",
                cut.why
            )?;
        }
        if self.renewed_bytes > 0 {
            writeln!(f, "writes {} bytes once more that may not be durable", self.renewed_bytes)?;
        }
        for left in &self.leftovers {
            let what = if left.goes { "removes" } else { "quarantines" };
            writeln!(f, "{what} {}", left.name)?;
        }
        write!(f, "opens at {}", self.epoch)
    }
}

impl RecoveryPlan {
    fn fmt_start(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((newest, before)) = self.chain.split_last() else {
            return writeln!(f, "starts from the empty bus");
        };
        write!(f, "starts from {}", CheckpointRef::name_of(newest.get()))?;
        for link in before.iter().rev() {
            write!(f, " on {}", CheckpointRef::name_of(link.get()))?;
        }
        writeln!(f)
    }

    fn fmt_log(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.log.segments;
        write!(f, "replays {}", SegmentHead::name_of(first))?;
        if last > first {
            write!(f, " to {}", SegmentHead::name_of(last))?;
        }
        writeln!(f, ": {} commits in {} bytes of log", self.log.commit_count, self.log.bytes)
    }
}
