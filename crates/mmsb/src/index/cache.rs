//! Indexes of closed segments that are kept at hand.
//!
//! Invariant: they take up to 16 MiB together, about; the least lately used goes first.

use std::sync::Arc;

use mmsb_tlog::SegmentHead;

use super::segment::SegmentIndex;

/// As much as the indexes of some 512 MiB of log take: a question that goes far back goes over all of them.
const BYTES_MAX: usize = 16 << 20;

#[derive(Debug, Default)]
pub(super) struct Cache {
    /// The most lately used last.
    indexes: Vec<(SegmentHead, Arc<SegmentIndex>)>,
}

impl Cache {
    pub(super) fn get(&mut self, head: &SegmentHead) -> Option<Arc<SegmentIndex>> {
        let at = self.indexes.iter().position(|(cached, _)| cached == head)?;
        self.indexes[at..].rotate_left(1);
        self.indexes.last().map(|(_, index)| Arc::clone(index))
    }

    pub(super) fn put(&mut self, head: SegmentHead, index: &Arc<SegmentIndex>) {
        // Two may have read it at once.
        self.indexes.retain(|(cached, _)| *cached != head);
        self.indexes.push((head, Arc::clone(index)));
        let mut bytes = self.bytes();
        while bytes > BYTES_MAX {
            bytes -= self.indexes.remove(0).1.bytes;
        }
    }

    /// Returns about what they take.
    pub(super) fn bytes(&self) -> usize {
        self.indexes.iter().map(|(_, index)| index.bytes).sum()
    }
}
