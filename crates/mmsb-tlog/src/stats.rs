//! What a log has done.

/// A log's progress and work, read at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogStats {
    /// Bytes of the log from its birth, heads and marks included.
    pub log_bytes: u64,
    /// Last number of the published prefix.
    pub published: u64,
    /// Last number in the file.
    pub written: u64,
    /// Last number known to be durable.
    pub durable: u64,
    /// How often the file was synced.
    pub sync_count: u64,
    /// Memory of the ring: frames that wait to be written, and a slot for each.
    pub ring_bytes: u64,
    /// Memory of frames too long for the ring, and what is kept of it for the next ones.
    pub box_bytes: u64,
}
