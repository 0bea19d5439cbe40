//! Many runs in one go: pages are looked for a few runs behind the newest one known, and written a few runs
//! behind that. Memory is asked for on the way, and has arrived when it is needed.
//!
//! Invariant: a run is written only if its page lives and it fits.

use mmsb_types::{Epoch, PageId};

use super::{Restore, Share, inside, lend};
use crate::{RestoreError, store::View, table::Hot};

/// How many runs behind the newest one known its page is looked for.
const FIND_BEHIND: usize = 14;
/// How many runs behind that it is written.
const WRITE_BEHIND: usize = 14;
/// Runs kept: a power of two, so that finding one's place takes one step.
const WINDOW: usize = 32;
const _: () = assert!(FIND_BEHIND + WRITE_BEHIND < WINDOW && WINDOW.is_power_of_two());
/// Bytes that are moved without a call; runs are mostly short.
const SHORT_BYTES: usize = 16;

/// One run of one page, and what it becomes.
#[derive(Clone, Copy, Debug)]
pub struct Run<'b> {
    /// The page.
    pub page: PageId,
    /// First byte of the run, from the page's start.
    pub offset: u32,
    /// What its bytes are afterwards.
    pub content: Content<'b>,
    /// The run has to be its whole page.
    pub is_whole: bool,
    /// The commit it is of.
    pub epoch: Epoch,
}

/// What a run's bytes become.
#[derive(Clone, Copy, Debug)]
pub enum Content<'b> {
    /// These.
    Bytes(&'b [u8]),
    /// So many times the same.
    Fill(u32, u8),
}

/// Runs of one commit or many, on their way into their pages.
///
/// Dropped without [`Runs::finish`], the last ones may not have been written.
pub struct Runs<'r, 's, 'b> {
    restore: &'r mut Restore<'s>,
    /// The runs under way, each at its index modulo the window.
    runs: [Run<'b>; WINDOW],
    found: [Option<Found<'s>>; WINDOW],
    /// How many runs came, were found, were written.
    known: usize,
    sought: usize,
    written: usize,
}

/// A page that was found: lock word and bytes.
type Found<'s> = (&'s Hot, View<'s>);

impl<'s> Restore<'s> {
    /// Begins to write runs, which follow each other fast.
    #[inline]
    pub fn runs<'b>(&mut self) -> Runs<'_, 's, 'b> {
        let (runs, found) = ([Run::NONE; WINDOW], [None; WINDOW]);
        Runs { restore: self, runs, found, known: 0, sought: 0, written: 0 }
    }

    /// Writes runs in their order.
    ///
    /// # Errors
    /// As [`Runs::push`].
    ///
    /// # Panics
    /// As [`Restore::write`].
    #[inline]
    pub fn write_all<'b>(
        &mut self,
        runs: impl Iterator<Item = Run<'b>>,
    ) -> Result<(), (usize, RestoreError)> {
        let mut under_way = self.runs();
        for run in runs {
            under_way.push(run)?;
        }
        under_way.finish().map(drop)
    }
}

impl<'s, 'b> Runs<'_, 's, 'b> {
    /// Returns which pages are this part's.
    #[inline]
    #[must_use]
    pub fn owner(&self) -> Share {
        self.restore.share
    }

    /// Takes a run; it is written before later ones, and soon.
    ///
    /// # Errors
    /// The index of the first run since the beginning that cannot be written, and why: [`RestoreError::NotFound`];
    /// if it passes the page's end, or ought to be the whole page and is not, [`RestoreError::OutOfBounds`]. Some
    /// of those before it are written, none behind it.
    ///
    /// # Panics
    /// As [`Restore::write`].
    ///
    /// # Cost
    /// About ten nanoseconds a short run, wherever its page is in memory.
    #[inline(always)]
    pub fn push(&mut self, run: Run<'b>) -> Result<(), (usize, RestoreError)> {
        self.restore.store.prefetch(run.page);
        self.runs[self.known % WINDOW] = run;
        self.known += 1;
        if self.known - self.sought > FIND_BEHIND {
            self.find_next()?;
        }
        if self.sought - self.written > WRITE_BEHIND {
            self.write_next();
        }
        Ok(())
    }

    /// Writes all that came so far, and lends the store.
    ///
    /// # Errors
    /// As [`Runs::push`].
    #[inline]
    pub fn finish(&mut self) -> Result<&mut Restore<'s>, (usize, RestoreError)> {
        while self.sought < self.known {
            self.find_next()?;
            if self.sought - self.written > WRITE_BEHIND {
                self.write_next();
            }
        }
        while self.written < self.sought {
            self.write_next();
        }
        Ok(self.restore)
    }

    /// Finds the page of a run that fits it, and asks for the lines that will be touched.
    #[inline(always)]
    fn find_next(&mut self) -> Result<(), (usize, RestoreError)> {
        let index = self.sought;
        let run = &self.runs[index % WINDOW];
        let found = self.restore.find(run.page).and_then(|(entry, view)| {
            run.fits(view.page_bytes)?;
            view.words.prefetch(run.offset, run.len());
            Ok((entry.hot, view))
        });
        self.found[index % WINDOW] = Some(found.map_err(|error| (index, error))?);
        self.sought += 1;
        Ok(())
    }

    /// Writes a run that was found.
    #[inline(always)]
    fn write_next(&mut self) {
        let index = self.written % WINDOW;
        if let Some((hot, view)) = self.found[index].take() {
            put(hot, view, &self.runs[index]);
        }
        self.written += 1;
    }
}

impl std::fmt::Debug for Runs<'_, '_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { known, sought, written, .. } = self;
        write!(f, "Runs({known} known, {sought} found, {written} written)")
    }
}

impl Run<'_> {
    const NONE: Self = Self {
        page: PageId::FIRST,
        offset: 0,
        content: Content::Fill(0, 0),
        is_whole: false,
        epoch: Epoch::ZERO,
    };

    #[inline]
    fn len(&self) -> usize {
        match self.content {
            Content::Bytes(bytes) => bytes.len(),
            Content::Fill(len, _) => len as usize,
        }
    }

    /// Fails if the run does not fit a page of so many bytes.
    #[inline]
    fn fits(&self, page_bytes: u32) -> Result<(), RestoreError> {
        let Self { page, offset, .. } = *self;
        let len = self.len();
        let is_short = self.is_whole && len != page_bytes as usize;
        if is_short || inside(offset, len, page_bytes).is_none() {
            return Err(RestoreError::OutOfBounds { page, offset, len, page_bytes });
        }
        Ok(())
    }
}

/// Writes a run that fits.
#[inline]
fn put(hot: &Hot, view: View<'_>, run: &Run<'_>) {
    let start = run.offset as usize;
    let to = &mut lend(hot, view, run.epoch)[start..start + run.len()];
    match run.content {
        Content::Bytes(bytes) => copy(to, bytes),
        Content::Fill(_, byte) => to.fill(byte),
    }
}

/// Copies a run; one of 16 to 32 bytes by two moves that may overlap.
#[inline]
fn copy(to: &mut [u8], from: &[u8]) {
    if from.len() > 2 * SHORT_BYTES || to.len() != from.len() {
        return to.copy_from_slice(from);
    }
    let (Some(head), Some(tail)) = (from.first_chunk::<SHORT_BYTES>(), from.last_chunk()) else {
        return to.copy_from_slice(from);
    };
    if let Some(to) = to.first_chunk_mut() {
        *to = *head;
    }
    if let Some(to) = to.last_chunk_mut::<SHORT_BYTES>() {
        *to = *tail;
    }
}
