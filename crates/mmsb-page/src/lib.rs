//! Physical memory for byte pages. A page is words, an epoch and a lock; how its bytes were made, and
//! what becomes of them, is not known here.
//!
//! A page's life:
//!
//! 1. [`PageStore::prepare`] finds a zeroed slot and a place in the table, and fails if it must. The
//!    [`NewPage`] is private: its bytes can be written at leisure.
//! 2. [`NewPage::publish`] lets it live, last changed by an epoch. From here on readers see it:
//!    [`PageStore::read`] copies without locking, and never returns part of a change.
//! 3. [`PageStore::try_lock`] takes it for a [`Committer`]. A [`PageLock`] reads, and leaves no trace
//!    when dropped.
//! 4. [`PageLock::into_writer`] is the point of no return. A [`PageWriter`] writes, then
//!    [`PageWriter::publish`] shows all of it at once.
//! 5. [`PageWriter::retire`] ends it. Its slot goes to other pages; its id may live again.
//!
//! While a [`Pin`] lives, [`PageStore::read_at`] and its like show pages as they were as of the pinned
//! epoch: a writer [saves](PageWriter::preserve) what it replaces, into room that [`PageStore::stash`] made
//! before.
//!
//! Reading order of the files: `words`, `class`, `regions`, `arena` (memory); `meta`, `directory`,
//! `table` (what is known of a page); `store`, `birth`, `lock`, `write`, `read`, `prefetch`, `marks` (its life);
//! `pins`, `preimage`, `snapshot` (its past); `restore` (all of it, alone); `check`.
//!
//! Invariant: page bytes are touched as relaxed atomic words by everyone who does not hold the page
//! alone; memory is never unmapped while the store lives; nothing here knows of deltas, logs or graphs.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod arena;
mod birth;
mod check;
mod class;
mod committer;
mod directory;
mod error;
mod group;
mod lock;
mod marks;
mod meta;
mod pins;
mod prefetch;
mod preimage;
mod read;
mod reclaim;
mod regions;
mod restore;
mod snapshot;
mod stats;
mod store;
mod sync;
mod table;
mod words;
mod write;

pub use birth::NewPage;
pub use committer::{AllCommitters, Committer, Committers};
pub use error::{LockError, ReadError, RestoreError, SnapshotError, StoreError};
pub use group::{Group, GroupBuf, GroupWriter, Hold};
pub use lock::PageLock;
pub use marks::Marks;
pub use pins::Pin;
pub use prefetch::prefetch_own;
pub use preimage::{Need, PreImageStats};
pub use reclaim::{Retired, Swap};
pub use restore::{Births, Content, Restore, Run, Runs, Share};
pub use stats::StoreStats;
pub use store::{PageStore, StoreOptions};
pub use write::PageWriter;

#[cfg(loom)]
#[doc(hidden)]
pub use sync::model::begin as begin_model;
