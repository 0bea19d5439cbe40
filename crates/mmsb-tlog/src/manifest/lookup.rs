//! What a manifest tells: which segment holds a place, how far back the log reaches, what was durable.

use mmsb_types::Lsn;

use super::{CheckpointRef, Manifest};
use crate::{Cursor, SegmentHead};

impl Manifest {
    /// Returns the place of the log's first record.
    #[must_use]
    pub fn first_cursor(&self) -> Cursor {
        self.segments[0].cursor()
    }

    /// Returns the segment that the log ends in.
    #[must_use]
    pub fn last_segment(&self) -> SegmentHead {
        *self.segments.last().expect("a manifest lists a segment")
    }

    /// Returns the segment that holds the byte at `lsn`; for a place before the log, the first one.
    #[must_use]
    pub fn segment_of(&self, lsn: Lsn) -> SegmentHead {
        let behind = self.segments.partition_point(|head| head.first_lsn <= lsn);
        self.segments[behind.saturating_sub(1)]
    }

    /// Returns the checkpoint at `epoch`.
    #[must_use]
    pub fn checkpoint(&self, epoch: u64) -> Option<&CheckpointRef> {
        let found = self.checkpoints.binary_search_by_key(&epoch, CheckpointRef::epoch);
        found.ok().map(|index| &self.checkpoints[index])
    }

    /// Returns the chain that makes the state at `epoch`: a full checkpoint first, the one at `epoch` last;
    /// empty if there is none.
    #[must_use]
    pub fn chain(&self, epoch: u64) -> Vec<CheckpointRef> {
        let next = |newer: &&CheckpointRef| newer.parent.and_then(|parent| self.checkpoint(parent));
        let mut chain: Vec<_> = std::iter::successors(self.checkpoint(epoch), next).copied().collect();
        chain.reverse();
        chain
    }

    /// Returns where the log goes on behind `cursor`, which may be the end of a segment that is gone; `None` if
    /// records behind it are gone, too.
    #[must_use]
    pub fn resume_at(&self, cursor: Cursor) -> Option<Cursor> {
        let first = self.first_cursor();
        let is_its_end = cursor.lsn <= self.segments[0].first_lsn
            && (cursor.number, cursor.chain) == (first.number, first.chain);
        let start = if is_its_end { first } else { cursor };
        (start.lsn >= first.lsn).then_some(start)
    }

    /// Returns the oldest number from which the log leads on: the empty bus's, or that of a checkpoint in it; without
    /// either, the one before the first, whose state nobody tells.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        let birth = (self.segments[0] == SegmentHead::FIRST).then_some(0);
        let oldest = birth.or_else(|| self.first_start().map(CheckpointRef::epoch));
        oldest.unwrap_or(self.segments[0].first_number - 1)
    }

    /// Tells whether segments before the first one are gone.
    pub(crate) fn begins_late(&self) -> bool {
        self.segments[0] != SegmentHead::starting_at(self.segments[0].first_number)
    }

    /// Returns the oldest checkpoint from which the log leads on.
    pub(crate) fn first_start(&self) -> Option<&CheckpointRef> {
        self.checkpoints.iter().find(|checkpoint| self.resume_at(checkpoint.cursor).is_some())
    }

    /// Returns the last number that the manifest itself says was durable.
    pub(crate) fn durable(&self) -> u64 {
        let rotated = self.last_segment().first_number - 1;
        self.checkpoints.last().map_or(rotated, |checkpoint| rotated.max(checkpoint.epoch()))
    }

    /// Returns the place before which the manifest itself says that every byte was durable.
    pub(crate) fn durable_lsn(&self) -> Lsn {
        let rotated = self.last_segment().cursor().lsn;
        self.checkpoints.last().map_or(rotated, |checkpoint| rotated.max(checkpoint.cursor.lsn))
    }

    /// Tells whether the log can have a frame end at `cursor`, as far as segment heads tell. What is before the
    /// log is believed.
    pub(super) fn agrees(&self, cursor: &Cursor) -> bool {
        let behind = self.segments.partition_point(|head| head.cursor().lsn <= cursor.lsn);
        let next = self.segments.get(behind);
        let held = behind == 0 || cursor.number >= self.segments[behind - 1].cursor().number;
        held && next.is_none_or(|head| cursor.lsn <= head.first_lsn && cursor.number <= head.cursor().number)
    }
}
