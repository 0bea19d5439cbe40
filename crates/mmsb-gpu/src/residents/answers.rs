//! What is asked of pages by their ids, each in one round trip for all.

use mmsb_types::PageId;

use super::Residents;
use crate::{Fingerprint, GpuError, PageHandle, PageOps};

impl<O: PageOps> Residents<O> {
    /// Returns the bytes that the device has of pages, whatever their state.
    ///
    /// # Errors
    /// What the device says.
    pub fn read_many(&mut self, pages: &[PageId]) -> Result<Vec<Option<Vec<u8>>>, GpuError> {
        self.ask(pages, O::read_many)
    }

    /// Returns the fingerprints of what the device has of pages.
    ///
    /// # Errors
    /// What the device says.
    pub fn fingerprints(&mut self, pages: &[PageId]) -> Result<Vec<Option<Fingerprint>>, GpuError> {
        self.ask(pages, O::fingerprints)
    }

    /// Returns the BLAKE3 hashes of what the device has of pages.
    ///
    /// # Errors
    /// What the device says.
    pub fn blake3(&mut self, pages: &[PageId]) -> Result<Vec<Option<[u8; 32]>>, GpuError> {
        self.ask(pages, O::blake3)
    }

    fn ask<T>(
        &mut self,
        pages: &[PageId],
        question: impl FnOnce(&mut O, &[PageHandle]) -> Result<Vec<T>, GpuError>,
    ) -> Result<Vec<Option<T>>, GpuError> {
        self.alive()?;
        let handles: Vec<Option<PageHandle>> = pages.iter().map(|page| self.handle(*page)).collect();
        let there: Vec<PageHandle> = handles.iter().copied().flatten().collect();
        let answers = question(&mut self.ops, &there);
        let mut answers = self.hear(answers)?.into_iter();
        Ok(handles.iter().map(|handle| handle.and_then(|_| answers.next())).collect())
    }
}
