//! What is asked about where bytes come from.

use std::ops::{Bound, RangeBounds};

use mmsb_types::{Epoch, PageEvent, PageId, Span};

use super::{COMMITS_MAX, DEPTH_MAX, Provenance, sweep::Sweep};
use crate::{Bus, Error, wave::token};

/// A question about where a page comes from; made by [`Bus::why`].
#[derive(Clone, Debug)]
#[must_use = "a question is answered when it is run"]
pub struct Why<'b> {
    pub(super) bus: &'b Bus,
    pub(super) page: PageId,
    bytes: Option<(Bound<u32>, Bound<u32>)>,
    at: Option<Epoch>,
    pub(super) depth_max: u32,
    pub(super) commits_max: u64,
}

impl<'b> Why<'b> {
    pub(super) fn new(bus: &'b Bus, page: PageId) -> Self {
        Self { bus, page, bytes: None, at: None, depth_max: DEPTH_MAX, commits_max: COMMITS_MAX }
    }

    /// Asks who wrote each of these bytes last; without it, for the page's last change.
    pub fn bytes(self, bytes: impl RangeBounds<u32>) -> Self {
        Self { bytes: Some((bytes.start_bound().cloned(), bytes.end_bound().cloned())), ..self }
    }

    /// Asks about the page as it was then; without it, as it is now.
    pub fn at(self, epoch: Epoch) -> Self {
        Self { at: Some(epoch), ..self }
    }

    /// Asks for changes up to so many steps away; 32, if not said.
    pub fn depth_max(self, steps: u32) -> Self {
        Self { depth_max: steps, ..self }
    }

    /// Reads at most about so many commits to the page for who wrote its bytes; 1,048,576, if not said. Bytes whose
    /// writer is not among them are told as [`Unread`](crate::WhyHow::Unread).
    pub fn commits_max(self, count: u64) -> Self {
        Self { commits_max: count, ..self }
    }

    /// Finds it out.
    ///
    /// # Errors
    /// [`Error::PageNotFound`] if the log tells nothing of the page and it did not live then;
    /// [`Error::OutOfBounds`]; [`Error::EpochAhead`], [`Error::HistoryGone`], and those of
    /// [`Query::run`](crate::Query::run).
    ///
    /// # Cost
    /// The index of each segment back to the oldest change told, once; some 4 KiB of log for each change, once where
    /// several stand together. Asked for bytes, all commits to the page back to their writers.
    pub fn run(self) -> Result<Provenance, Error> {
        token::check()?;
        let at = self.bus.known_epoch(self.at)?;
        let bytes = self.bytes.map(|bytes| self.span(bytes, at)).transpose()?;
        Sweep::new(&self)?.answer(&self, at, bytes)
    }

    /// Returns the bytes meant by a range.
    fn span(&self, (start, end): (Bound<u32>, Bound<u32>), at: Epoch) -> Result<Span, Error> {
        let (page, page_bytes) = (self.page, self.bus.page_bytes_at(self.page, at)?);
        let start = match start {
            Bound::Included(first) => u64::from(first),
            Bound::Excluded(before) => u64::from(before) + 1,
            Bound::Unbounded => 0,
        };
        let end = match end {
            Bound::Included(last) => u64::from(last) + 1,
            Bound::Excluded(behind) => u64::from(behind),
            Bound::Unbounded => u64::from(page_bytes),
        };
        let (offset, len) = (start.min(u64::from(u32::MAX)) as u32, end.saturating_sub(start));
        match u32::try_from(len).map(|len| Span::new(offset, len)) {
            Ok(span) if span.fits(page_bytes) => Ok(span),
            _ => Err(Error::OutOfBounds { page, offset, len: len as usize, page_bytes }),
        }
    }
}

impl Bus {
    /// Returns the epoch asked for, which can be shown; the newest one, if none is.
    fn known_epoch(&self, asked: Option<Epoch>) -> Result<Epoch, Error> {
        let asked = asked.unwrap_or_else(|| self.epoch());
        let (newest, oldest) = (self.newest_for(asked), self.oldest());
        if asked > newest {
            return Err(Error::EpochAhead { asked, newest });
        }
        if asked < oldest { Err(Error::HistoryGone { asked, oldest }) } else { Ok(asked) }
    }

    /// Returns how long a page is, alive or not: it has one length in all its lives.
    fn page_bytes_at(&self, page: PageId, epoch: Epoch) -> Result<u32, Error> {
        if let Ok(page_bytes) = self.page_bytes(page) {
            return Ok(page_bytes);
        }
        for event in self.query().page(page).catalogue().epochs(..=epoch).newest_first().events()? {
            let birth = event?.catalogue.into_iter().find_map(|event| match event {
                PageEvent::Created { page: new, page_bytes, .. } => (new == page).then_some(page_bytes),
                _ => None,
            });
            if let Some(page_bytes) = birth {
                return Ok(page_bytes);
            }
        }
        let (_, kept) = self.journal().pages_at(self.oldest(), &[page])?.remove(0);
        kept.map(|(_, bytes)| bytes.len() as u32).ok_or(Error::PageNotFound { page, epoch })
    }
}
