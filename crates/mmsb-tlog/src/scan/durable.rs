//! Up to which byte a log is known to be durable.
//!
//! A mark says which number was durable when it was written; the bytes of that frame, and of all before it, end
//! where the first mark stands that counts as far.
//!
//! Invariant: what the marks prove and no more: the mark that tells it may itself be in memory only, and so may marks
//! of states between two that count no further than each other.

use std::collections::VecDeque;

use mmsb_types::Lsn;

use crate::{Cursor, Mark};

/// Gathers what marks tell, in their order.
#[derive(Debug)]
pub(crate) struct DurableEnd {
    end: Lsn,
    /// The newest number that a mark counted.
    counted: u64,
    /// Numbers, and where their frames end at the latest, that no mark has told to be durable yet.
    waiting: VecDeque<(u64, Lsn)>,
}

impl DurableEnd {
    /// Begins at a place that is durable.
    pub(crate) fn new(start: Cursor) -> Self {
        Self { end: start.lsn, counted: start.number, waiting: VecDeque::new() }
    }

    pub(crate) fn end(&self) -> Lsn {
        self.end
    }

    pub(crate) fn pass(&mut self, mark: &Mark) {
        if mark.number > self.counted {
            self.counted = mark.number;
            self.waiting.push_back((mark.number, mark.lsn));
        }
        while let Some(&(number, lsn)) = self.waiting.front()
            && number <= mark.synced_through
        {
            self.end = self.end.max(lsn);
            self.waiting.pop_front();
        }
    }

    /// Takes note that everything before `lsn` is durable: a new segment begins there.
    pub(crate) fn pass_head(&mut self, lsn: Lsn) {
        self.end = self.end.max(lsn);
        self.waiting.clear();
    }
}
