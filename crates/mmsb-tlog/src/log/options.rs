//! How a log is set up.

use mmsb_types::limits::{BOXED_ABOVE_BYTES, RECORD_BYTES_MAX, RING_BYTES_MAX};

use super::PackedStart;

/// A ring that stays in a core's cache, and in one huge page, does as well as a longer one.
const RING_BYTES: usize = 2 << 20;

/// Limits of one log.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// Bytes of the ring: rounded up to a power of two within 512 KiB and 4 MiB.
    pub ring_bytes: usize,
    /// Longest record, in bytes; at most [`RECORD_BYTES_MAX`].
    pub record_bytes_max: u32,
    /// Bytes of boxed frames that may wait for the flusher; one longer frame may wait alone.
    pub box_bytes: usize,
    /// Where the packed reservation word begins; nobody but a test has a reason to say.
    #[doc(hidden)]
    pub packed_start: Option<PackedStart>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            ring_bytes: RING_BYTES,
            record_bytes_max: RECORD_BYTES_MAX,
            box_bytes: 16 << 20,
            packed_start: None,
        }
    }
}

impl LogOptions {
    /// Returns the ring's length in force, in bytes.
    #[must_use]
    pub fn ring_bytes_used(&self) -> usize {
        self.ring_bytes.clamp(BOXED_ABOVE_BYTES * 8, RING_BYTES_MAX).next_power_of_two()
    }

    /// Returns where the packed word of a log begins whose last frame is `number`.
    pub(crate) fn packed_start_used(&self, number: u64) -> PackedStart {
        self.packed_start.unwrap_or(PackedStart { count: number as u32, unit: 0 })
    }

    /// Returns the longest record in force, in bytes.
    #[must_use]
    pub fn record_bytes_used(&self) -> u32 {
        self.record_bytes_max.min(RECORD_BYTES_MAX)
    }
}
