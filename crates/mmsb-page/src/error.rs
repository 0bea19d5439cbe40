//! What can go wrong with a page, by family of operation.
//!
//! Invariant: no error here leaves a lock, a slot or a reservation behind.

use std::io;

use mmsb_types::{Epoch, PageId, limits::PAGE_BYTES_MAX};

/// Why a page cannot be born.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No page can have this length.
    #[error("preparing {page}: {page_bytes} bytes are not in 1..={PAGE_BYTES_MAX}")]
    PageBytes {
        /// The page asked for.
        page: PageId,
        /// The length asked for, in bytes.
        page_bytes: u32,
    },
    /// The id is zero or above what this store takes.
    #[error("preparing {page}: the id is not in 1..={}", .id_max.get())]
    IdOutOfRange {
        /// The page asked for.
        page: PageId,
        /// The largest id this store takes.
        id_max: PageId,
    },
    /// The id belongs to a page that lives, is being born or is just dying.
    #[error("preparing {page}: the id is in use")]
    NotFree {
        /// The page asked for.
        page: PageId,
    },
    /// The operating system gives no more memory.
    #[error("mapping {bytes} bytes for pages")]
    OutOfMemory {
        /// The bytes asked for.
        bytes: u64,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why a page cannot be locked, however long one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// No such page lives.
    #[error("locking {page}: no such page")]
    NotFound {
        /// The page asked for.
        page: PageId,
    },
    /// The same committer holds the page already; waiting would never end.
    #[error("locking {page}: this committer holds it already")]
    AlreadyHeld {
        /// The page asked for.
        page: PageId,
    },
}

/// Why a page cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No such page lives.
    #[error("reading {page}: no such page")]
    NotFound {
        /// The page asked for.
        page: PageId,
    },
    /// There is no memory for the bytes of the page.
    #[error("reading {page}: no memory for its {page_bytes} bytes")]
    OutOfMemory {
        /// The page asked for.
        page: PageId,
        /// The page's length, in bytes.
        page_bytes: u32,
    },
    /// The range passes the page's end.
    #[error("reading {page}: {len} bytes from {offset} pass its end at {page_bytes}")]
    OutOfBounds {
        /// The page asked for.
        page: PageId,
        /// First byte asked for.
        offset: u32,
        /// How many bytes were asked for.
        len: usize,
        /// The page's length, in bytes.
        page_bytes: u32,
    },
}

/// Why a page cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// No such page lives.
    #[error("restoring {page}: no such page")]
    NotFound {
        /// The page meant.
        page: PageId,
    },
    /// The range passes the page's end.
    #[error("restoring {page}: {len} bytes from {offset} pass its end at {page_bytes}")]
    OutOfBounds {
        /// The page meant.
        page: PageId,
        /// First byte of the range.
        offset: u32,
        /// The range's length, in bytes.
        len: usize,
        /// The page's length, in bytes.
        page_bytes: u32,
    },
}

/// Why a page cannot be read as of a pinned epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// No such page lived then.
    #[error("reading {page} as of {at}: no such page")]
    NotFound {
        /// The page asked for.
        page: PageId,
        /// The pinned epoch.
        at: Epoch,
    },
    /// There is no memory for the bytes of the page.
    #[error("reading {page} as of {at}: no memory for its {page_bytes} bytes")]
    OutOfMemory {
        /// The page asked for.
        page: PageId,
        /// The pinned epoch.
        at: Epoch,
        /// The page's length then, in bytes.
        page_bytes: u32,
    },
    /// The range passes the page's end.
    #[error("reading {page} as of {at}: {len} bytes from {offset} pass its end at {page_bytes}")]
    OutOfBounds {
        /// The page asked for.
        page: PageId,
        /// The pinned epoch.
        at: Epoch,
        /// First byte asked for.
        offset: u32,
        /// How many bytes were asked for.
        len: usize,
        /// The page's length then, in bytes.
        page_bytes: u32,
    },
    /// Memory for pre-images ran short, and what the page was then may be gone: the log still knows.
    #[error("reading {page} as of {at}: the snapshot has aged, its old bytes are not in memory any more")]
    Aged {
        /// The page asked for.
        page: PageId,
        /// The pinned epoch.
        at: Epoch,
    },
}
