//! A whole state, to be compared.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use mmsb::{Bus, Epoch, PageId, StateHash, state_hash};

/// Every page's bytes and last change, and the hash of all.
pub struct Image {
    epoch: Epoch,
    pages: BTreeMap<PageId, (Epoch, Vec<u8>)>,
    pub hash: StateHash,
}

impl Image {
    pub fn of(bus: &Bus) -> Result<Self> {
        let read = |page| Ok((page, (bus.page_epoch(page)?, bus.with_page(page, <[u8]>::to_vec)?)));
        let pages = bus.pages().map(read).collect::<Result<_>>()?;
        Ok(Self { epoch: bus.epoch(), pages, hash: state_hash(bus)? })
    }

    /// Returns how many bytes the pages have together.
    pub fn bytes(&self) -> usize {
        self.pages.values().map(|(_, bytes)| bytes.len()).sum()
    }

    /// Returns the first byte of the first page.
    pub fn first_byte(&self) -> u8 {
        self.pages.values().next().and_then(|(_, bytes)| bytes.first()).copied().unwrap_or_default()
    }

    /// Compares with a state that should be the same.
    pub fn must_equal(&self, other: &Self, what: &str) -> Result<()> {
        let differs = self.pages.iter().map(|(page, (_, bytes))| {
            let found = other.pages.get(page).map_or(&[][..], |(_, bytes)| bytes);
            bytes.len().abs_diff(found.len())
                + bytes.iter().zip(found).filter(|(one, two)| one != two).count()
        });
        let divergence: usize = differs.sum();
        ensure!(divergence == 0, "{what}: {divergence} of {} bytes diverge", self.bytes());
        ensure!(self.pages.len() == other.pages.len(), "{what}: {} pages more", other.pages.len());
        ensure!(self.hash == other.hash, "{what}: the hash is {}, not {}", other.hash, self.hash);
        ensure!(
            self.epoch == other.epoch && self.pages == other.pages,
            "{what}: pages changed last elsewhere"
        );
        Ok(())
    }
}
