//! What every manifest must be, whoever made it.

use super::{
    CHAIN_MAX, CHECKPOINTS_MAX, CheckpointRef, Manifest, SEGMENTS_MAX, TAG_BYTES_MAX, TAGS_MAX, Tag,
};
use crate::{SEGMENT_HEAD_BYTES, SegmentHead};

impl Manifest {
    /// Tells what is impossible about it, if anything is.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if self.segments.is_empty()
            || self.segments.len() > SEGMENTS_MAX
            || self.checkpoints.len() > CHECKPOINTS_MAX
            || self.tags.len() > TAGS_MAX
        {
            return Err("a count is beyond its limit");
        }
        if !self.segments.iter().all(SegmentHead::is_possible) || !self.segments.is_sorted_by(follows) {
            return Err("the segments do not follow each other");
        }
        self.check_checkpoints()?;
        if self.begins_late() && self.first_start().is_none() {
            return Err("the log begins late, and no checkpoint lies in it");
        }
        self.check_tags()
    }

    fn check_checkpoints(&self) -> Result<(), &'static str> {
        let is_later = |old: &CheckpointRef, new: &CheckpointRef| {
            old.cursor.number < new.cursor.number && old.cursor.lsn < new.cursor.lsn
        };
        if !self.checkpoints.is_sorted_by(is_later) {
            return Err("the checkpoints do not rise");
        }
        let mut lengths: Vec<u16> = Vec::with_capacity(self.checkpoints.len());
        for (index, checkpoint) in self.checkpoints.iter().enumerate() {
            if !checkpoint.cursor.is_possible() || !self.agrees(&checkpoint.cursor) {
                return Err("a checkpoint's place is not one of the log's");
            }
            let earlier = &self.checkpoints[..index];
            let place_of = |epoch| earlier.binary_search_by_key(&epoch, CheckpointRef::epoch).ok();
            let length = match checkpoint.parent.map(place_of) {
                None => 1,
                Some(Some(parent)) => lengths[parent] + 1,
                Some(None) => return Err("a checkpoint builds on one that is not there"),
            };
            if length > CHAIN_MAX {
                return Err("too many checkpoints build on each other");
            }
            lengths.push(length);
        }
        Ok(())
    }

    fn check_tags(&self) -> Result<(), &'static str> {
        let has_name = |tag: &Tag| (1..=TAG_BYTES_MAX).contains(&tag.name.len());
        if !self.tags.iter().all(has_name) || !self.tags.is_sorted_by(|old, new| old.name < new.name) {
            return Err("the tags' names do not rise");
        }
        if !self.tags.iter().all(|tag| self.checkpoint(tag.number).is_some()) {
            return Err("a tag names a checkpoint that is not there");
        }
        Ok(())
    }
}

/// Tells whether a segment can be the one behind another. Each has its head at least; one that a crash left
/// without a frame has none.
fn follows(old: &SegmentHead, new: &SegmentHead) -> bool {
    old.segment.checked_add(1) == Some(new.segment)
        && new.first_number >= old.first_number
        && new.first_lsn.get() >= old.first_lsn.get() + SEGMENT_HEAD_BYTES as u64
}
