//! Which page of a state is which part of the database.
//!
//! Invariant: the pages are those named 1 to their count, in this order, all equally long.

use mmsb::{PageInfo, Past};
use sha2::{Digest, Sha256};

use super::ExportError;

/// The pages of an imported database in the order of its file.
#[derive(Clone, Debug)]
pub struct Layout<'p> {
    pages: Vec<&'p [u8]>,
    page_bytes: u32,
}

impl<'p> Layout<'p> {
    /// Puts the pages of `past` in order.
    ///
    /// # Errors
    /// [`ExportError::NoPages`], [`ExportError::PageName`], [`ExportError::PageMissing`],
    /// [`ExportError::PageBytes`].
    ///
    /// # Cost
    /// O(pages); copies no bytes.
    pub fn of(past: &'p Past) -> Result<Self, ExportError> {
        let epoch = past.epoch();
        let infos: Vec<PageInfo> = past.pages().collect();
        let page_bytes = infos.first().ok_or(ExportError::NoPages { epoch })?.page_bytes;
        let mut pages: Vec<Option<&[u8]>> = vec![None; infos.len()];
        for info in &infos {
            if info.page_bytes != page_bytes {
                let (page, expected) = (info.page, page_bytes);
                return Err(ExportError::PageBytes { page, page_bytes: info.page_bytes, expected });
            }
            let number = info.name.as_deref().and_then(page_number).ok_or_else(|| {
                let name = info.name.as_deref().map(str::to_owned);
                ExportError::PageName { page: info.page, name, epoch }
            })?;
            // A number behind the end means that another one is missing.
            if let Some(place) = pages.get_mut(number as usize - 1) {
                *place = past.bytes(info.page).ok();
            }
        }
        let page_count = pages.len();
        let missing = |index: usize| ExportError::PageMissing { number: index as u32 + 1, page_count, epoch };
        let pages: Result<_, _> =
            pages.into_iter().enumerate().map(|(index, page)| page.ok_or_else(|| missing(index))).collect();
        Ok(Self { pages: pages?, page_bytes })
    }

    /// Returns the pages, first to last.
    #[must_use]
    pub fn pages(&self) -> &[&'p [u8]] {
        &self.pages
    }

    /// Returns the number of pages.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        self.pages.len() as u32
    }

    /// Returns the length of each page, in bytes.
    #[must_use]
    pub fn page_bytes(&self) -> u32 {
        self.page_bytes
    }

    /// Returns the SHA-256 of the whole database.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        self.pages.iter().for_each(|page| hash.update(page));
        hash.finalize().into()
    }
}

/// Reads a name as imports write them: from 1, in decimal, without leading zeros.
fn page_number(name: &str) -> Option<u32> {
    let number: u32 = name.parse().ok()?;
    (number > 0 && number.to_string() == name).then_some(number)
}
