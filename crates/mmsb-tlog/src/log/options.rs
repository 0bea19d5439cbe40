//! How a log is set up.

use std::time::Duration;

use mmsb_types::limits::{BOXED_ABOVE_BYTES, RECORD_BYTES_MAX, RING_BYTES_MAX};

use super::PackedStart;

/// A ring that stays in a core's cache, and in one huge page, does as well as a longer one.
const RING_BYTES: usize = 2 << 20;
/// Long enough that making a file is rare, short enough that retiring one gives little back at a time.
const SEGMENT_BYTES: u64 = 64 << 20;

/// Limits of one log.
#[derive(Clone, Copy, Debug)]
pub struct LogOptions {
    /// Bytes of the ring: rounded up to a power of two within 512 KiB and 4 MiB.
    pub ring_bytes: usize,
    /// Longest record, in bytes; at most [`RECORD_BYTES_MAX`].
    pub record_bytes_max: u32,
    /// Bytes of boxed frames that may wait for the flusher; one longer frame may wait alone.
    pub box_bytes: usize,
    /// When what is written is synced though nobody waits for it; `None`: never.
    pub sync_every: Option<SyncEvery>,
    /// A file of the log that would grow longer is followed by another; a longer frame has one to itself, and
    /// `u64::MAX` makes one file of it all.
    pub segment_bytes: u64,
    /// The next file is filled with zeros ahead of time, by a thread if the log has threads, so that a sync finds its
    /// blocks on the disk; if there are syncs so often that it pays.
    pub prewrite: bool,
    /// Threads of its own write and sync what nobody waits for. Without them it is written when somebody waits,
    /// when the ring is full and when the log ends: for those who simulate many short lives of a log.
    pub background: bool,
    /// Where the packed reservation word begins; nobody but a test has a reason to say.
    #[doc(hidden)]
    pub packed_start: Option<PackedStart>,
}

/// How much of what nobody waits for a power cut may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncEvery {
    /// A sync begins so long after something was written, or after the sync before.
    pub time: Duration,
    /// A sync begins when so many bytes are written and not synced.
    pub bytes: u64,
}

impl SyncEvery {
    /// Group commit for those who do not wait: every millisecond or MiB.
    pub const GROUP: Self = Self { time: Duration::from_millis(1), bytes: 1 << 20 };
    /// Only so that whoever waits for a sync has not too much to wait for: 4 MiB, however old.
    pub const BEHIND: Self = Self { time: Duration::MAX, bytes: 4 << 20 };

    /// Nothing is synced for its own sake.
    pub(crate) const NEVER: Self = Self { time: Duration::MAX, bytes: u64::MAX };

    /// Tells whether there is a time at all.
    pub(crate) fn is_timed(&self) -> bool {
        self.time < Duration::MAX
    }
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            ring_bytes: RING_BYTES,
            record_bytes_max: RECORD_BYTES_MAX,
            box_bytes: 16 << 20,
            sync_every: Some(SyncEvery::BEHIND),
            segment_bytes: SEGMENT_BYTES,
            prewrite: false,
            background: true,
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
