//! A whole database in memory, carried forward one transaction at a time.
//!
//! Invariant: `bytes` holds whole pages; a page that was never written reads as zeros.

use sha2::{Digest, Sha256};

use super::{Database, Transaction};

/// The bytes of a database after some transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    page_bytes: usize,
    bytes: Vec<u8>,
}

impl Image {
    /// Starts from a base file; `page_bytes` is the log's, which an empty base takes over.
    ///
    /// # Panics
    /// If the base has pages of another size; [`WalReader`](super::WalReader) refuses such a pair.
    #[must_use]
    pub fn new(base: Database, page_bytes: u32) -> Self {
        assert!(base.page_bytes().is_none_or(|own| own == page_bytes), "pages of another size");
        Self { page_bytes: page_bytes as usize, bytes: base.into_bytes() }
    }

    /// Writes a transaction's images over the database and gives it the size the commit names.
    ///
    /// # Panics
    /// If the transaction's pages have another size.
    ///
    /// # Cost
    /// O(bytes written), and zeroing what the database grows by.
    pub fn apply(&mut self, transaction: &Transaction<'_>) {
        self.bytes.resize(transaction.pages_after() as usize * self.page_bytes, 0);
        for (page, image) in transaction.images() {
            let start = (page as usize - 1) * self.page_bytes;
            // An image behind the end belongs to a page the same transaction cut off again.
            if let Some(place) = self.bytes.get_mut(start..start + self.page_bytes) {
                place.copy_from_slice(image);
            }
        }
    }

    /// Returns the number of pages.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        (self.bytes.len() / self.page_bytes) as u32
    }

    /// Returns the database's bytes: a file that SQLite opens.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the SHA-256 of the whole database.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }
}
