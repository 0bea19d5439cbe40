//! Flushing: the contiguous prefix of done frames goes to the file, a mark behind it.
//!
//! Whoever needs it flushes: the flusher thread, a commit that waits for its durability, one that waits for
//! room. One at a time, so batches are in order and the others find their frames written by the leader.
//!
//! Invariant: after any write or sync error nothing is written again.

#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc};

use mmsb_types::Lsn;

use super::{
    boxes::Boxes,
    drain::{Drain, Drained},
    progress::Progress,
    ring::Ring,
    rotate::Rotation,
};
use crate::{
    Cursor, InstanceId, LogError, Mark, SegmentHead, StateMark, dir::io_error, sync::outer::thread,
    vfs::VfsFile,
};

/// What one write to the file takes: as good as more, and it stays in a core's cache on the way.
const BATCH_BYTES: usize = 256 << 10;

/// What the flush holder owns: the file's end and the ring's drained end.
#[derive(Debug)]
pub(crate) struct Flush {
    pub(crate) file: Arc<dyn VfsFile>,
    pub(crate) path: Arc<Path>,
    pub(crate) instance: InstanceId,
    /// Where the file begins.
    pub(crate) head: SegmentHead,
    /// Its length, zeros included.
    pub(crate) file_bytes: u64,
    /// Behind the last record in the file.
    pub(crate) end: Cursor,
    /// Before the last frame that was drained; `None`: there was none yet.
    pub(crate) before_last: Option<Cursor>,
    /// Ring position of the next frame to drain.
    pub(crate) unit: u64,
    /// The last record in the file is a closing mark.
    pub(crate) closed: bool,
    /// How the log goes on to the next file; `None`: it does not.
    pub(crate) rotation: Option<Rotation>,
    pub(crate) batch: Vec<u8>,
}

impl Flush {
    /// Writes every published frame; those in a segment that has no name yet do not count as written.
    ///
    /// # Errors
    /// The first failure as it was; from then on [`LogError::Poisoned`].
    pub(crate) fn run(&mut self, ring: &Ring, boxes: &Boxes, to: &Progress) -> Result<(), LogError> {
        to.check_poison()?;
        self.write_all(ring, boxes, to).inspect_err(|error| to.poison_by(error))
    }

    /// Ends the log on purpose: all synced, then a closing mark, synced.
    pub(crate) fn close(&mut self, ring: &Ring, boxes: &Boxes, to: &Progress) -> Result<(), LogError> {
        self.run(ring, boxes, to)?;
        if self.closed {
            return Ok(());
        }
        self.end_prewriting();
        to.sync_written()?;
        let closing = self.write_mark(to, true).and_then(|()| self.cut_to_length(to));
        let closing = closing.and_then(|()| to.sync_written());
        self.closed = closing.is_ok();
        closing.inspect_err(|error| to.poison_by(error))
    }

    /// Writes up to the frame `number`, which is reserved, and a mark behind it; returns the place of that mark.
    ///
    /// # Errors
    /// As [`Flush::run`].
    pub(crate) fn cut_behind(
        &mut self,
        number: u64,
        ring: &Ring,
        boxes: &Boxes,
        to: &Progress,
    ) -> Result<Cursor, LogError> {
        to.check_poison()?;
        while to.advance(ring) < number {
            // Its maker, or that of one before it, needs the processor.
            thread::yield_now();
        }
        let mut behind = self.end;
        let cut = match self.end.number < number {
            true => self.write_up_to(number, ring, boxes, to).map(|end| behind = end),
            // Behind the mark that is there another segment might begin.
            // Were it not synced at once, a later mark could tell the number before it to be durable; a power cut
            // that tears this one would then look like damage.
            false => self.write_mark(to, false).and_then(|()| to.sync_written()),
        };
        cut.map(|()| behind).inspect_err(|error| to.poison_by(error))
    }

    /// Writes what is published, and behind it the hash of the state at `number`, which is published.
    ///
    /// # Errors
    /// As [`Flush::run`].
    pub(crate) fn append_state(
        &mut self,
        (number, hash): (u64, [u8; 32]),
        ring: &Ring,
        boxes: &Boxes,
        to: &Progress,
    ) -> Result<(), LogError> {
        self.run(ring, boxes, to)?;
        self.batch.clear();
        self.batch.extend(StateMark { lsn: self.end.lsn, number, hash }.encode(self.instance));
        self.write_batch(self.end, to).inspect_err(|error| to.poison_by(error))
    }

    fn write_all(&mut self, ring: &Ring, boxes: &Boxes, to: &Progress) -> Result<(), LogError> {
        loop {
            let last = to.advance(ring);
            if self.end.number >= last {
                return Ok(());
            }
            self.write_up_to(last, ring, boxes, to)?;
        }
    }

    /// Writes the frames up to the number `last`, all of them published; returns the place behind the last one,
    /// that of its mark.
    fn write_up_to(
        &mut self,
        last: u64,
        ring: &Ring,
        boxes: &Boxes,
        to: &Progress,
    ) -> Result<Cursor, LogError> {
        let mut behind = self.end;
        while self.end.number < last {
            self.batch.clear();
            behind = self.drain(ring, boxes, last, (BATCH_BYTES, self.frame_room()));
            if behind.number == self.end.number {
                // The next frame does not fit.
                if self.may_rotate() {
                    self.rotate(to)?;
                    continue;
                }
                behind = self.drain(ring, boxes, last, (1, u64::MAX));
            }
            self.push_mark(behind, to.durable(), false);
            // A sync beside this flush may have failed since it began.
            to.check_poison()?;
            self.write_batch(behind, to)?;
            self.look_ahead(to);
        }
        Ok(behind)
    }

    /// Writes a mark behind what is there.
    fn write_mark(&mut self, to: &Progress, closing: bool) -> Result<(), LogError> {
        self.batch.clear();
        self.push_mark(self.end, to.durable(), closing);
        self.write_batch(self.end, to)
    }

    /// Moves frames up to the number `last` to the batch, until `bytes_max` are there or the next would make them more than `room`;
    /// returns the place behind them.
    fn drain(&mut self, ring: &Ring, boxes: &Boxes, last: u64, (bytes_max, room): (usize, u64)) -> Cursor {
        let drain = Drain::new(ring, boxes, &mut self.batch, self.end, self.unit);
        let Drained { before, behind, unit } = drain.run(last, bytes_max, room);
        if before.number < behind.number {
            (self.before_last, self.unit) = (Some(before), unit);
        }
        behind
    }

    /// Returns the bytes of the file that hold the log.
    pub(super) fn used_bytes(&self) -> u64 {
        self.end.lsn.get() - self.head.first_lsn.get()
    }

    fn push_mark(&mut self, behind: Cursor, synced_through: u64, closing: bool) {
        let mark =
            Mark { lsn: behind.lsn, number: behind.number, synced_through, chain: behind.chain, closing };
        self.batch.extend(mark.encode(self.instance));
    }

    fn write_batch(&mut self, behind: Cursor, to: &Progress) -> Result<(), LogError> {
        let offset = self.used_bytes();
        self.file.write_at(offset, &self.batch).map_err(io_error("writing", &self.path, offset))?;
        let end = self.end.lsn.get() + self.batch.len() as u64;
        self.end = Cursor { lsn: Lsn::new(end), ..behind };
        self.closed = false;
        self.file_bytes = self.file_bytes.max(self.used_bytes());
        to.moved(self.end, false);
        self.grow(to)?;
        // A batch is longer only for a boxed frame, whose memory is not kept.
        self.batch.clear();
        self.batch.shrink_to(2 * BATCH_BYTES);
        Ok(())
    }
}
