//! A recorded database becomes a bus.
//!
//! SQLite page N is a page named N, in decimal. The base file is an unlabelled commit tagged `base`,
//! transaction K a commit labelled K and tagged `sqlite`. A database that grows creates pages, one that
//! shrinks deletes them; one that grows again creates new pages of the old names.
//!
//! Invariant: an import that fails leaves nothing behind; one that is killed leaves a bus of its first
//! commits.

mod error;
mod importer;

use std::path::Path;

use mmsb::Epoch;

use crate::sqlite::{Database, Transaction, WalHeader, WalReader, WalSummary, read_ahead};

pub use self::{error::ImportError, importer::Importer};

/// What an import came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// What was read, and what was left out.
    pub summary: WalSummary,
    /// The newest state.
    pub epoch: Epoch,
    /// The database's size in it, in pages.
    pub page_count: u32,
    /// The length of a page, in bytes.
    pub page_bytes: u32,
    /// The write-ahead log's length, unpacked.
    pub wal_bytes: u64,
    /// The length of the bus's log.
    pub log_bytes: u64,
}

impl Imported {
    /// Returns the log's length as a part of the write-ahead log's.
    #[must_use]
    pub fn log_ratio(&self) -> f64 {
        self.log_bytes as f64 / self.wal_bytes as f64
    }
}

/// Imports `base` and every transaction of `wal` into a new bus at `out`; `watch` sees each on its way.
///
/// Reading and checking run ahead on a thread of their own. The bus is synced and closed at the end.
///
/// # Errors
/// [`ImportError::Sqlite`] if the log is damaged, [`ImportError::Bus`] if the bus refuses; what was
/// created is removed, what was there before stays.
pub fn import(
    base: &Database,
    wal: WalReader,
    out: &Path,
    mut watch: impl FnMut(&Transaction<'_>),
) -> Result<Imported, ImportError> {
    let header = *wal.header();
    let page_bytes = header.page_bytes();
    let mut importer = Importer::create(out, base, page_bytes)?;
    let summary = read_ahead(wal, |transaction| {
        watch(transaction);
        importer.commit(transaction)
    })?;
    let (page_count, epoch) = (importer.page_count(), importer.epoch());
    let log_bytes = importer.finish()?;
    let wal_bytes = wal_bytes(&header, &summary);
    Ok(Imported { summary, epoch, page_count, page_bytes, wal_bytes, log_bytes })
}

fn wal_bytes(header: &WalHeader, summary: &WalSummary) -> u64 {
    let frame_count = summary.image_count + summary.stale_frame_count + summary.uncommitted_frame_count;
    header.log_bytes(frame_count) + summary.torn_byte_count
}
