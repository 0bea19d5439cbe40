//! A stretch of log: commits that count, in the memory they were verified in.
//!
//! Invariant: the bytes are whole records, one behind the other, and were found good; nobody changes them.

use std::{ops::Range, sync::Arc};

use mmsb_types::{Epoch, Lsn};

use crate::{Commit, frame::verified_frame};

/// Commits that count. Clones share their bytes.
#[derive(Clone)]
pub struct Stretch {
    bytes: Arc<Vec<u8>>,
    range: Range<usize>,
    /// Position in the log of the first of `bytes`.
    lsn: u64,
}

impl Stretch {
    pub(super) fn new(bytes: Arc<Vec<u8>>, range: Range<usize>, lsn: u64) -> Self {
        Self { bytes, range, lsn }
    }

    /// Returns how many bytes of log it is.
    #[must_use]
    pub fn log_bytes(&self) -> usize {
        self.range.len()
    }

    /// Visits the commits in their order.
    ///
    /// # Cost
    /// Some ten nanoseconds each, and one an entry: no checksum is computed again.
    pub fn commits(&self) -> impl Iterator<Item = Commit<'_>> {
        let (mut at, mut rest) = (self.lsn + self.range.start as u64, &self.bytes[self.range.clone()]);
        std::iter::from_fn(move || {
            loop {
                let (record_bytes, frame) = verified_frame(rest)?;
                let lsn = Lsn::new(at);
                (at, rest) = (at + record_bytes as u64, &rest[record_bytes..]);
                if let Some(frame) = frame {
                    return Some(Commit { epoch: Epoch::new(frame.number), lsn, frame });
                }
            }
        })
    }
}

impl std::fmt::Debug for Stretch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Stretch({} bytes from {:?})",
            self.range.len(),
            Lsn::new(self.lsn + self.range.start as u64)
        )
    }
}
