//! Writing the live state: through a pin, while commits go on.
//!
//! Invariant: what is written is the state as of the pin, whatever is committed meanwhile; an increment holds
//! every page whose last change is behind the parent's epoch. That a page has ended since, the set of living
//! pages tells.

use std::time::{Duration, Instant};

use mmsb_page::{Pin, SnapshotError};
use mmsb_tlog::{CheckpointRef, Cut, LogDir, checkpoint::CheckpointWriter};
use mmsb_types::{Epoch, PageId, env};

use super::{
    CheckpointProgress,
    early::{Early, Place},
    meta,
};
use crate::{Error, bus::Inner, replay::Heading, state::State, texts::Texts};

/// How long commits under way are waited for that bring a text.
const TEXTS_WAIT: Duration = Duration::from_secs(10);
/// Pages, or bytes of them, between two words about the progress.
const PROGRESS_PAGES: u64 = 4096;
const PROGRESS_BYTES: u64 = 1 << 20;

/// Commits look at how far a checkpoint has got: telling them takes the word away from them, so not each page is told.
const PASS_BYTES: u32 = 32 << 10;

/// How much a checkpoint holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Amount {
    pub(super) page_count: u64,
    pub(super) page_bytes: u64,
}

/// Writes the state as of a pin, at its cut of the log: all of it, or what changed since the checkpoint `parent`.
pub(super) fn write(
    bus: &Inner,
    dir: &LogDir,
    (pin, cut): (Pin, Cut),
    parent: Option<u64>,
    mut teller: Teller<'_, impl FnMut(CheckpointProgress)>,
) -> Result<(CheckpointRef, Amount), Error> {
    let epoch = pin.epoch();
    let names = bus.catalogue.as_of(epoch).ok_or(Error::SnapshotTooOld { epoch })?;
    let graph = bus.graph.as_of(epoch);
    let mut writer = CheckpointWriter::create(dir, cut.behind, parent)?;
    let mut pages = Pages::new(bus, pin, dir);
    let (mut living, mut amount) = (meta::Gathered::default(), Amount::default());
    let since = parent.map_or(Epoch::ZERO, Epoch::new);
    for (page, count, may_differ) in bus.store.survey(since) {
        if !may_differ {
            living.push(page, count);
        } else if let Some(found) = pages.come_to(page)? {
            living.push(page, 1);
            if found.changed > since {
                // Commits have no time to lose: copies to the cache, and memory for it, would take it from them.
                if pages.next_take.is_some() {
                    writer.spare_cache();
                }
                writer.page_with(page, found.page_bytes, |to| pages.read(page, &found, to))?;
                amount.add(found.page_bytes);
            }
        }
        teller.tell(amount, count)?;
    }
    drop(pages);
    bus.store.reclaim();
    // Only now: who carries a text may have waited for the pin.
    let texts = texts(bus, epoch)?;
    let (label, source) = bus.journal.maker_at(&cut)?;
    let meta = meta::encode(&Heading { epoch, label, source, texts, names, graph }, &living.finish())?;
    Ok((writer.finish(&meta)?, amount))
}

/// Returns the texts as of `epoch`, which is published.
fn texts(bus: &Inner, epoch: Epoch) -> Result<Texts, Error> {
    let waited_ms = TEXTS_WAIT.as_millis() as u64;
    let texts = bus.interner.as_of(epoch, TEXTS_WAIT);
    texts.ok_or(Error::Busy { what: "a commit under way", waited_ms })
}

impl Amount {
    pub(super) fn add(&mut self, page_bytes: u32) {
        self.page_count += 1;
        self.page_bytes += u64::from(page_bytes);
    }
}

/// The pages as of the pin: from memory, or taken before their turn; from the log, should the pin have aged, for it
/// is not protected where another snapshot passes pages.
struct Pages<'p> {
    bus: &'p Inner,
    pin: Pin,
    early: Early,
    /// Before this no page is taken early: as much time goes to those that come in their turn, which commits need not
    /// save then. `None`: commits never lacked room.
    next_take: Option<Instant>,
    /// What was read since the pin was told last how far that is.
    unpassed_bytes: u32,
    past: Option<State>,
}

/// A page as of the pin.
struct Found {
    page_bytes: u32,
    changed: Epoch,
    early: Option<Place>,
}

impl<'p> Pages<'p> {
    fn new(bus: &'p Inner, pin: Pin, dir: &LogDir) -> Self {
        let early = Early::new(dir, pin.epoch());
        Self { bus, pin, early, next_take: None, unpassed_bytes: PASS_BYTES, past: None }
    }

    /// Finds the page that comes next; `None` if it did not live. Commits need not keep what lies behind; where they
    /// lack room, what they keep ahead is taken now.
    fn come_to(&mut self, page: PageId) -> Result<Option<Found>, Error> {
        if self.unpassed_bytes >= PASS_BYTES {
            self.pin.pass(page);
            self.unpassed_bytes = 0;
        }
        self.make_room()?;
        let found = self.find(page)?;
        self.unpassed_bytes += found.as_ref().map_or(0, |found| found.page_bytes);
        Ok(found)
    }

    fn make_room(&mut self) -> Result<(), Error> {
        if !self.bus.store.is_room_short() {
            return Ok(());
        }
        let start = env::now();
        if self.next_take.is_some_and(|next| start < next) {
            return Ok(());
        }
        let early = &mut self.early;
        self.bus.store.take_saved(&self.pin, &mut |page, changed, bytes| early.add(page, changed, bytes));
        early.spill()?;
        let end = env::now();
        self.next_take = end.checked_add(end - start);
        Ok(())
    }

    fn find(&mut self, page: PageId) -> Result<Option<Found>, Error> {
        if let Some(place) = self.early.find(page)? {
            let Place { page_bytes, changed, .. } = place;
            return Ok(Some(Found { page_bytes, changed, early: Some(place) }));
        }
        let (page_bytes, changed) = match self.bus.store.life_at(page, &self.pin) {
            Ok(life) => life,
            Err(SnapshotError::NotFound { .. }) => return Ok(None),
            Err(_) => match self.past()?.page(page) {
                Some(state) => (state.bytes.len() as u32, state.epoch),
                None => return Ok(None),
            },
        };
        Ok(Some(Found { page_bytes, changed, early: None }))
    }

    /// Fills `to`, which is of its length, with the bytes of a page that was found; returns its last change.
    fn read(&mut self, page: PageId, found: &Found, to: &mut [u8]) -> Result<Epoch, Error> {
        if let Some(place) = found.early {
            self.early.read(place, to)?;
            return Ok(found.changed);
        }
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
pub(super) struct Teller<'b, F> {
    bus: &'b Inner,
    progress: F,
    /// It goes on when the bus is stopped.
    is_last: bool,
    next: CheckpointProgress,
    told: CheckpointProgress,
}

impl<'b, F: FnMut(CheckpointProgress)> Teller<'b, F> {
    pub(super) fn new(bus: &'b Inner, epoch: Epoch, progress: F, is_last: bool) -> Self {
        let page_total = bus.store.stats().pages;
        let told = CheckpointProgress { epoch, page_count: 0, page_total, page_bytes: 0 };
        Self { bus, progress, is_last, next: told, told }
    }

    /// Counts pages that were looked at; so much is written by now.
    fn tell(&mut self, amount: Amount, count: u32) -> Result<(), Error> {
        self.next.page_count += u64::from(count);
        self.next.page_bytes = amount.page_bytes;
        let is_due = self.next.page_count >= self.told.page_count + PROGRESS_PAGES
            || self.next.page_bytes >= self.told.page_bytes + PROGRESS_BYTES;
        if is_due {
            self.told = self.next;
            (self.progress)(self.told);
            if !self.is_last {
                self.bus.check_stopped()?;
            }
        }
        Ok(())
    }
}
