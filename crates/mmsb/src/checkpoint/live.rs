//! Writing the live state: through a pin, while commits go on.
//!
//! Invariant: what is written is the state as of the pin, whatever is committed meanwhile; an increment holds
//! every page whose last change is behind the parent's epoch. That a page has ended since, the set of living
//! pages tells.

use std::time::Duration;

use mmsb_page::{Pin, SnapshotError};
use mmsb_tlog::{CheckpointRef, Cursor, LogDir, checkpoint::CheckpointWriter};
use mmsb_types::{Epoch, PageId};

use super::{CheckpointProgress, meta};
use crate::{Error, bus::Inner, replay::Heading, state::State};

/// How long commits under way are waited for that bring a text.
const TEXTS_WAIT: Duration = Duration::from_secs(10);
/// Pages, or bytes of them, between two words about the progress.
const PROGRESS_PAGES: u64 = 4096;
const PROGRESS_BYTES: u64 = 1 << 20;

/// How much a checkpoint holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount {
    pub(super) page_count: u64,
    pub(super) page_bytes: u64,
}

/// Writes the state as of `pin`, at `cursor`: all of it, or what changed since the checkpoint `parent`.
pub(super) fn write(
    bus: &Inner,
    dir: &LogDir,
    pin: Pin,
    cursor: Cursor,
    parent: Option<u64>,
    progress: impl FnMut(CheckpointProgress),
) -> Result<(CheckpointRef, Amount), Error> {
    let (epoch, mut heading) = (pin.epoch(), heading(bus, pin.epoch())?);
    let mut writer = CheckpointWriter::create(dir, cursor, parent)?;
    let mut teller = Teller::new(bus, pin.epoch(), progress);
    let mut pages = Pages { bus, pin, past: None };
    let (mut living, mut amount) = (meta::Living::default(), Amount::default());
    let since = parent.map_or(Epoch::ZERO, Epoch::new);
    for page in bus.store.used_ids() {
        // Commits need not keep what lies behind.
        pages.pin.pass(page);
        let Some((page_bytes, changed)) = pages.life(page)? else { continue };
        living.push(page);
        if changed > since {
            writer.page_with(page, page_bytes, |to| pages.read(page, to))?;
            amount.add(page_bytes);
        }
        teller.tell(amount)?;
    }
    drop(pages);
    bus.store.reclaim();
    (heading.label, heading.source) = bus.journal.maker_of(epoch)?;
    let meta = meta::encode(&heading, &living)?;
    Ok((writer.finish(&meta)?, amount))
}

/// Returns names and texts as of `epoch`, which is pinned and published. Commits may wait for the checkpoint from
/// its first page on, so they are not waited for any later.
fn heading(bus: &Inner, epoch: Epoch) -> Result<Heading, Error> {
    let names = bus.catalogue.as_of(epoch).ok_or(Error::SnapshotTooOld { epoch })?;
    let waited_ms = TEXTS_WAIT.as_millis() as u64;
    let texts = bus.interner.as_of(epoch, TEXTS_WAIT);
    let texts = texts.ok_or(Error::Busy { what: "a commit under way", waited_ms })?;
    Ok(Heading { epoch, texts, names, ..Heading::default() })
}

impl Amount {
    pub(super) fn add(&mut self, page_bytes: u32) {
        self.page_count += 1;
        self.page_bytes += u64::from(page_bytes);
    }
}

/// The pages as of the pin: from memory, or, once the pin has aged, from the log.
struct Pages<'p> {
    bus: &'p Inner,
    pin: Pin,
    past: Option<State>,
}

impl Pages<'_> {
    /// Returns length and last change of a page; `None` if it did not live.
    fn life(&mut self, page: PageId) -> Result<Option<(u32, Epoch)>, Error> {
        match self.bus.store.life_at(page, &self.pin) {
            Ok(life) => Ok(Some(life)),
            Err(SnapshotError::NotFound { .. }) => Ok(None),
            Err(_) => Ok(self.past()?.page(page).map(|state| (state.bytes.len() as u32, state.epoch))),
        }
    }

    /// Fills `to`, which is of its length, with the bytes of a page that lives; returns its last change.
    fn read(&mut self, page: PageId, to: &mut [u8]) -> Result<Epoch, Error> {
        if let Ok(epoch) = self.bus.store.read_at(page, &self.pin, 0, to) {
            return Ok(epoch);
        }
        let at = self.pin.epoch();
        let state = self.past()?.page(page).ok_or(Error::PageNotFound { page, epoch: at })?;
        to.copy_from_slice(&state.bytes);
        Ok(state.epoch)
    }

    fn past(&mut self) -> Result<&State, Error> {
        if self.past.is_none() {
            self.past = Some(self.bus.journal.state_at(self.pin.epoch())?.0);
        }
        Ok(self.past.as_ref().expect("read just now"))
    }
}

/// Tells how far a checkpoint has got, now and then; and looks whether the bus is to stop.
struct Teller<'b, F> {
    bus: &'b Inner,
    progress: F,
    next: CheckpointProgress,
    told: CheckpointProgress,
}

impl<'b, F: FnMut(CheckpointProgress)> Teller<'b, F> {
    fn new(bus: &'b Inner, epoch: Epoch, progress: F) -> Self {
        let page_total = bus.store.stats().pages;
        let told = CheckpointProgress { epoch, page_count: 0, page_total, page_bytes: 0 };
        Self { bus, progress, next: told, told }
    }

    /// Counts a page that was looked at; so much is written by now.
    fn tell(&mut self, amount: Amount) -> Result<(), Error> {
        self.next.page_count += 1;
        self.next.page_bytes = amount.page_bytes;
        let is_due = self.next.page_count >= self.told.page_count + PROGRESS_PAGES
            || self.next.page_bytes >= self.told.page_bytes + PROGRESS_BYTES;
        if is_due {
            self.bus.checkpoints.check_cancelled()?;
            self.told = self.next;
            (self.progress)(self.told);
        }
        Ok(())
    }
}
