//! One round of a scrubber: every segment up to where the log ended when it began, then every checkpoint.
//!
//! Invariant: what its bus gives up while it is being read is no damage.

use mmsb_tlog::{CheckpointRef, Cursor, LogDir, LogError, Manifest, Reader, SegmentHead, checkpoint};
use mmsb_types::{Epoch, Lsn};

use super::Scrubbed;
use crate::Error;

pub(super) struct Round {
    dir: LogDir,
    end: Cursor,
    found: Scrubbed,
}

impl Round {
    /// Begins one up to `end`, behind which a writer may be at work.
    pub(super) fn new(dir: LogDir, end: Cursor) -> Self {
        let epoch = Epoch::new(end.number);
        Self {
            dir,
            end,
            found: Scrubbed { epoch, segment_count: 0, checkpoint_count: 0, damage: Vec::new() },
        }
    }

    /// Reads everything; what cannot be read is in the answer.
    pub(super) fn run(mut self) -> Result<Scrubbed, Error> {
        let (manifest, end) = (self.dir.manifest(), self.end.lsn);
        let begun = manifest.segments.iter().filter(|segment| segment.first_lsn < end);
        for (segment, end) in begun.zip(ends(&manifest, end)) {
            match self.read(segment, end) {
                Ok(()) => self.found.segment_count += 1,
                Err(error) => self.take(error, |now| !now.segments.contains(segment))?,
            }
        }
        for listed in &manifest.checkpoints {
            self.verify(listed)?;
        }
        Ok(self.found)
    }

    /// Reads every record of a segment.
    fn read(&self, segment: &SegmentHead, end: Lsn) -> Result<(), LogError> {
        let mut reader = Reader::new(&self.dir, segment.cursor(), end)?;
        while reader.next_record()?.is_some() {}
        Ok(())
    }

    fn verify(&mut self, listed: &CheckpointRef) -> Result<(), Error> {
        let is_given_up = |now: &Manifest| !now.checkpoints.contains(listed);
        let bad = match checkpoint::verify(&self.dir, listed) {
            Ok(bad) => bad,
            Err(error) => return self.take(error, is_given_up),
        };
        self.found.checkpoint_count += u64::from(bad.is_empty());
        for checkpoint::BadBlock { file, offset, fault } in bad {
            self.take(LogError::DamagedCheckpoint { file, offset, fault }, is_given_up)?;
        }
        Ok(())
    }

    /// Takes note of what could not be read, unless the bus has given it up.
    fn take(&mut self, error: LogError, is_given_up: impl Fn(&Manifest) -> bool) -> Result<(), Error> {
        if !is_given_up(&self.dir.reopen()?.manifest()) {
            self.found.damage.push(error.into());
        }
        Ok(())
    }
}

/// Returns where each segment ends: where the next one begins, or the log ended.
fn ends(manifest: &Manifest, end: Lsn) -> impl Iterator<Item = Lsn> {
    let next = manifest.segments.iter().skip(1).map(|segment| segment.first_lsn);
    next.chain([end]).map(move |next| next.min(end))
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use mmsb_tlog::{LogDir, vfs::MemoryVfs};

    use super::Round;
    use crate::{Bus, Retention};

    #[test]
    fn what_the_bus_gives_up_meanwhile_is_no_damage() {
        let (disk, path) = (MemoryVfs::new(), Path::new("/bus"));
        let bus = Bus::builder().segment_bytes(64 << 10).create_on(Arc::new(disk.clone()), path).unwrap();
        let page = bus.create_page(None, 4000).unwrap();
        // Bytes that no frame stores shorter.
        let bytes = |turn: usize| -> [u8; 3000] { std::array::from_fn(|at| (at * 7 + turn) as u8) };
        (0..30).for_each(|_| {
            (0..10).for_each(|turn| bus.write(page, 0, bytes(turn)).map(drop).unwrap());
            bus.checkpoint().unwrap();
        });
        let round =
            Round::new(LogDir::open(Arc::new(disk), path).unwrap(), bus.journal().written_end().unwrap());
        let given_up = bus.compact_to(Retention::Epochs(10)).unwrap();
        assert!(given_up.segment_count > 0 && given_up.checkpoint_count > 0, "{given_up:?}");
        let found = round.run().unwrap();
        assert!(
            found.damage.is_empty() && found.segment_count > 0 && found.checkpoint_count > 0,
            "{found:?}"
        );
    }
}
