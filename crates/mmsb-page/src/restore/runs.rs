//! Many runs in one go: pages are looked for a few runs behind the newest one known, and written a few runs
//! behind that. Memory is asked for on the way, and has arrived when it is needed.
//!
//! Invariant: a run is written only if its page lives and it fits.

use mmsb_types::{Epoch, PageId};

use super::{Restore, find, inside, lend};
use crate::{PageStore, RestoreError, meta, store::View, sync::Ordering, table::Hot};

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
}

/// What a run's bytes become.
#[derive(Clone, Copy, Debug)]
pub enum Content<'b> {
    /// These.
    Bytes(&'b [u8]),
    /// So many times the same.
    Fill(u32, u8),
}

/// The runs under way, each at its index modulo the window.
struct Window<'s, 'b> {
    runs: [Run<'b>; WINDOW],
    found: [Option<Found<'s>>; WINDOW],
}

/// A page that was found: lock word and bytes.
type Found<'s> = (&'s Hot, View<'s>);

impl Restore<'_> {
    /// Writes runs in their order, and dates their pages by `epoch`; without one, pages keep their dates.
    ///
    /// # Errors
    /// The index of the first run that cannot be written, and why: [`RestoreError::NotFound`]; if it passes the
    /// page's end, or ought to be the whole page and is not, [`RestoreError::OutOfBounds`]. Some of those
    /// before it are written.
    ///
    /// # Cost
    /// About ten nanoseconds a short run, wherever its page is in memory.
    #[inline]
    pub fn write_all<'b>(
        &mut self,
        runs: impl Iterator<Item = Run<'b>>,
        epoch: Option<Epoch>,
    ) -> Result<(), (usize, RestoreError)> {
        let store: &PageStore = self.store;
        let mut window = Window { runs: [Run::NONE; WINDOW], found: [None; WINDOW] };
        let mut count = 0;
        for run in runs {
            store.prefetch(run.page);
            window.runs[count % WINDOW] = run;
            if count >= FIND_BEHIND {
                window.find(store, count - FIND_BEHIND)?;
                window.put(count.wrapping_sub(FIND_BEHIND + WRITE_BEHIND), epoch);
            }
            count += 1;
        }
        for index in count.saturating_sub(FIND_BEHIND)..count {
            window.find(store, index)?;
            window.put(index.wrapping_sub(WRITE_BEHIND), epoch);
        }
        (count.saturating_sub(WRITE_BEHIND)..count).for_each(|index| window.put(index, epoch));
        Ok(())
    }
}

impl<'s> Window<'s, '_> {
    /// Finds the page of a run that fits it, and asks for the lines that will be touched.
    #[inline(always)]
    fn find(&mut self, store: &'s PageStore, index: usize) -> Result<(), (usize, RestoreError)> {
        let run = &self.runs[index % WINDOW];
        let found = find(store, run.page).and_then(|(entry, view)| {
            run.fits(view.page_bytes)?;
            view.words.prefetch(run.offset, run.len());
            Ok((entry.hot, view))
        });
        self.found[index % WINDOW] = Some(found.map_err(|error| (index, error))?);
        Ok(())
    }

    /// Writes a run that was found; nothing, if none was yet.
    #[inline]
    fn put(&mut self, index: usize, epoch: Option<Epoch>) {
        if let Some((hot, view)) = self.found[index % WINDOW].take() {
            put(hot, view, &self.runs[index % WINDOW], epoch);
        }
    }
}

impl Run<'_> {
    const NONE: Self = Self { page: PageId::FIRST, offset: 0, content: Content::Fill(0, 0), is_whole: false };

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
fn put(hot: &Hot, view: View<'_>, run: &Run<'_>, epoch: Option<Epoch>) {
    let epoch = epoch.unwrap_or_else(|| meta::epoch(hot.meta.load(Ordering::Relaxed)));
    let start = run.offset as usize;
    let to = &mut lend(hot, view, epoch)[start..start + run.len()];
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
