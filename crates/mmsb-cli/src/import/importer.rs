//! The writing half of an import: a new bus, and one commit for each transaction.
//!
//! Invariant: `pages[N - 1]` is the live page of SQLite page N, and there are no others.

use std::path::{Path, PathBuf};

use mmsb::{Bus, Durability, Epoch, PageId};

use super::ImportError;
use crate::sqlite::{Database, Transaction};

/// What commits of transactions are tagged with.
const TAG: &str = "sqlite";

/// What commits of the base file are tagged with.
const BASE_TAG: &str = "base";

/// The base goes into one commit unless it is larger than a record may be; then each takes this much.
const BASE_COMMIT_BYTES: usize = 128 << 20;

/// Imports a database commit by commit; dropped before [`Importer::finish`], it removes its bus.
#[derive(Debug)]
pub struct Importer {
    // Dropped in this order: the bus ends before its files go.
    bus: Bus,
    unfinished: Unfinished,
    pages: Vec<PageId>,
    page_bytes: usize,
}

impl Importer {
    /// Creates a bus at `out`, where nothing may be yet, and commits the base file.
    ///
    /// # Errors
    /// [`ImportError::Bus`], with [`mmsb::Error::AlreadyExists`] if anything is at `out`.
    pub fn create(out: &Path, base: &Database, page_bytes: u32) -> Result<Self, ImportError> {
        if out.symlink_metadata().is_ok() {
            // A bus may take the place of an empty directory, but a failed import could not give it back.
            return Err(mmsb::Error::AlreadyExists { path: out.to_owned() }.into());
        }
        // Nobody waits for single commits of an import: the end is what counts, and it is synced.
        // And nobody rewinds it: old bytes would be saved in vain.
        let bus = Bus::builder().durability(Durability::Volatile).undo(0, 0).create(out)?;
        let unfinished = Unfinished { path: Some(out.to_owned()) };
        let mut importer = Self { bus, unfinished, pages: Vec::new(), page_bytes: page_bytes as usize };
        importer.commit_base(base)?;
        Ok(importer)
    }

    /// Commits a transaction, labelled with its number.
    ///
    /// # Errors
    /// [`ImportError::Bus`]; the importer is then of no further use.
    pub fn commit(&mut self, transaction: &Transaction<'_>) -> Result<(), ImportError> {
        let images = transaction.final_images();
        self.commit_images(transaction.index(), transaction.pages_after(), &images)
    }

    /// Commits what a transaction leaves: a database of `pages_after` pages, and the images among them.
    ///
    /// Images behind the database's end are skipped: the transaction cut their pages off again.
    ///
    /// # Errors
    /// As [`Importer::commit`].
    pub fn commit_images(
        &mut self,
        label: u64,
        pages_after: u32,
        images: &[(u32, &[u8])],
    ) -> Result<(), ImportError> {
        let mut tx = self.bus.begin().label(label).tag(TAG);
        let kept_count = self.pages.len().min(pages_after as usize);
        for page in self.pages.drain(kept_count..) {
            tx.delete_page(page)?;
        }
        for number in kept_count + 1..=pages_after as usize {
            self.pages.push(tx.create_page(number.to_string().as_str(), self.page_bytes)?);
        }
        for (number, image) in images {
            let index = (*number as usize).checked_sub(1);
            if let Some(&page) = index.and_then(|index| self.pages.get(index)) {
                tx.capture_ref(page, image)?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// Returns the bus, to look at or to follow.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Returns the newest state.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.bus.epoch()
    }

    /// Returns the database's size, in pages.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        self.pages.len() as u32
    }

    /// Syncs and closes the bus, and returns the length of its log.
    ///
    /// # Errors
    /// [`ImportError::Bus`]; the bus is then removed.
    pub fn finish(mut self) -> Result<u64, ImportError> {
        self.bus.clone().stop()?;
        self.unfinished.path = None;
        Ok(self.bus.stats().log.bytes)
    }

    fn commit_base(&mut self, base: &Database) -> Result<(), ImportError> {
        let pages: Vec<_> = base.pages().collect();
        if pages.is_empty() {
            self.bus.begin().tag(BASE_TAG).commit()?;
        }
        for pages in pages.chunks(BASE_COMMIT_BYTES / self.page_bytes) {
            let mut tx = self.bus.begin().tag(BASE_TAG);
            for (number, bytes) in pages {
                let page = tx.create_page(number.to_string().as_str(), self.page_bytes)?;
                tx.capture_ref(page, bytes)?;
                self.pages.push(page);
            }
            tx.commit()?;
        }
        Ok(())
    }
}

/// A bus that is removed unless its import ends well.
#[derive(Debug)]
struct Unfinished {
    path: Option<PathBuf>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Best effort: why the import failed is what the caller is told.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
