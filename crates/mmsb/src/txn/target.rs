//! What a transaction changes: everything it asks of it goes through here.

use std::sync::Arc;

use mmsb_page::ReadError;
use mmsb_types::{Epoch, PageId, PageLocation};

use super::Transaction;
use crate::{Branch, Bus, Committed, Error, WaveReport, bus::read_error, commit};

/// What a transaction changes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'b> {
    /// The live state.
    Bus(&'b Bus),
    /// A what-if of it.
    Branch(&'b Branch),
}

impl Target<'_> {
    /// Returns a live page's length, in bytes.
    ///
    /// # Errors
    /// [`Error::PageNotFound`].
    pub(super) fn page_bytes(self, page: PageId) -> Result<u32, Error> {
        match self {
            Self::Bus(bus) => bus.page_bytes(page),
            Self::Branch(branch) => branch.page_bytes(page),
        }
    }

    /// Fills `buffer` from the page, torn-free; returns the epoch of the bytes.
    ///
    /// The page lived when the transaction first used it: one that is gone is a conflict.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::OutOfBounds`].
    pub(super) fn read(self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<Epoch, Error> {
        match self {
            Self::Bus(bus) => bus.store().read(page, offset, buffer).map_err(|error| match error {
                ReadError::NotFound { page } => Error::Conflict { page },
                error => read_error(error, bus.epoch()),
            }),
            Self::Branch(branch) => branch.read(page, offset, buffer).map_err(|error| match error {
                Error::PageNotFound { page, .. } => Error::Conflict { page },
                error => error,
            }),
        }
    }

    /// Takes an id for a new page.
    ///
    /// # Errors
    /// [`Error::IdsUsedUp`].
    pub(super) fn take_id(self) -> Result<PageId, Error> {
        match self {
            Self::Bus(bus) => bus.catalogue().take_id(),
            Self::Branch(branch) => branch.take_id(),
        }
    }

    /// Returns where a page comes to live that is wanted there; pages of branches live on the host.
    ///
    /// # Errors
    /// [`Error::UnsupportedLocation`], and those of opening a device.
    pub(super) fn place(self, location: PageLocation) -> Result<PageLocation, Error> {
        match (self, location) {
            (_, PageLocation::Host) | (Self::Branch(_), PageLocation::Auto) => Ok(PageLocation::Host),
            (Self::Branch(_), location) => Err(Error::UnsupportedLocation { location }),
            (Self::Bus(bus), location) => bus.place(location),
        }
    }

    /// Notes where a new page lives.
    pub(super) fn settle_in(self, page: PageId, location: PageLocation) {
        if let (Self::Bus(bus), PageLocation::Device | PageLocation::Unified) = (self, location) {
            bus.settle_in(page, location);
        }
    }

    /// Returns the newest epoch, for those who are told that a page is not there.
    pub(super) fn epoch(self) -> Epoch {
        match self {
            Self::Bus(bus) => bus.epoch(),
            Self::Branch(branch) => branch.epoch(),
        }
    }

    /// Publishes the transaction.
    pub(super) fn commit(self, tx: Transaction<'_>) -> Result<Committed, Error> {
        match self {
            Self::Bus(bus) => commit::run(bus, tx),
            Self::Branch(branch) => branch.commit(tx),
        }
    }

    /// Publishes the transaction, and tells what was computed with it: on a branch, nothing.
    pub(super) fn commit_with_report(
        self,
        tx: Transaction<'_>,
    ) -> Result<(Committed, Arc<WaveReport>), Error> {
        match self {
            Self::Bus(bus) => commit::run_with_report(bus, tx),
            Self::Branch(branch) => {
                let committed = branch.commit(tx)?;
                Ok((committed, Arc::new(WaveReport::at(committed.epoch))))
            }
        }
    }
}
