//! Limits everywhere: what the formats and the memory layout can hold.
//!
//! Relations between them are asserted at compile time; raising one is a format change.

/// Shortest page, in bytes.
pub const PAGE_BYTES_MIN: u32 = 1;
/// Longest page, in bytes (16 MiB).
pub const PAGE_BYTES_MAX: u32 = 16 << 20;
/// Largest page id that a compact entry holds; larger ones use wide entries.
pub const COMPACT_ID_MAX: u64 = (1 << 30) - 1;
/// Largest offset (or whole-page length) that a compact entry holds, in bytes.
pub const COMPACT_OFFSET_MAX: u32 = (1 << 20) - 1;
/// Longest run that a compact entry holds, in bytes.
pub const COMPACT_LEN_MAX: u32 = (1 << 12) - 1;
/// Largest page id of all: the page table's directory is indexed by it.
pub const PAGE_ID_MAX: u64 = (1 << 40) - 1;
/// Longest page name, tag or code site, in bytes of UTF-8.
pub const TEXT_BYTES_MAX: usize = 1024;
/// Most inputs of a derived page, repeated ones counted each time.
pub const INPUT_COUNT_MAX: usize = 65_535;
/// Alignment of everything in the log, in bytes.
pub const FRAME_ALIGN: usize = 8;
/// Longest record a log takes by default, in bytes (256 MiB); also the most a builder may ask for.
pub const RECORD_BYTES_MAX: u32 = 256 << 20;
/// Frames longer than this are boxed: the ring carries a descriptor only.
pub const BOXED_ABOVE_BYTES: usize = 64 << 10;
/// Least room a reservation takes in the ring, in bytes.
pub const RESERVATION_BYTES_MIN: usize = 64;
/// Commits that may be reserved and not yet flushed.
pub const COUNT_CREDITS: usize = 65_536;
/// Largest log ring, in bytes (4 MiB).
pub const RING_BYTES_MAX: usize = 4 << 20;
/// Committers that may hold page locks at once: owner numbers 1..=254 of a lock word.
pub const COMMITTERS_MAX: usize = 254;
/// Unchanged bytes between two runs that still join them: an entry costs this much.
pub const RUN_GAP_BYTES: u32 = 8;

const _: () = assert!(PAGE_BYTES_MIN >= 1 && PAGE_BYTES_MAX < 1 << 31);
const _: () = assert!(COMPACT_ID_MAX <= PAGE_ID_MAX);
const _: () = assert!(RING_BYTES_MAX / RESERVATION_BYTES_MIN <= COUNT_CREDITS);
const _: () = assert!(BOXED_ABOVE_BYTES * 8 <= RING_BYTES_MAX);
const _: () = assert!(RECORD_BYTES_MAX as u64 > PAGE_BYTES_MAX as u64 * 2);
const _: () = assert!(RESERVATION_BYTES_MIN.is_multiple_of(FRAME_ALIGN));
const _: () = assert!(RING_BYTES_MAX.is_multiple_of(RESERVATION_BYTES_MIN));
