//! The write path: one transaction becomes one epoch.
//!
//! 1. Everything that can fail, holding nothing: encoding, checksum, room in the log.
//! 2. Lock every page written or read; check that each is as the transaction saw it.
//! 3. Reserve: number and place in the log in one step, while all locks are held. No way back from here.
//! 4. Store the bytes, publish the pages, hand the frame to the log.
//! 5. Wait for the durability asked for.
//!
//! Invariant: two commits that share a page have epochs in the order in which they held it.

mod encode;
mod held;
mod lock;
mod undo;

use std::cell::Cell;

use mmsb_page::{Committer, NewPage, PageLock};
use mmsb_tlog::{Log, LogError, Reservation, Room};
use mmsb_types::{Durability, Epoch};

use self::{
    encode::{Scratch, check_texts},
    held::HeldPages,
};
use crate::{
    Committed, Error, Transaction,
    bus::store_error,
    catalogue::CatalogueChange,
    interner::SourceLoan,
    txn::{Life, TxPage},
};

/// Races a capture may lose before its page is compared under the lock.
const LOST_RACES_MAX: u32 = 3;

/// How one attempt ended, if not well.
enum Failed {
    /// A captured page changed between comparing and locking: try again.
    Lost,
    /// Nothing happened, and trying again would not help.
    Refused(Error),
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Commits a transaction.
pub(crate) fn run(tx: Transaction<'_>) -> Result<Committed, Error> {
    check_texts(&tx)?;
    let log = tx.bus.journal().log()?;
    log.check_poison()?;
    let mut scratch = SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default();
    let published = publish(&tx, log, &mut scratch);
    scratch.shrink();
    // A thread that commits while it ends may have lost its buffers already.
    let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
    settle(&tx, log, published?)
}

/// Steps 1 to 4; returns the epoch.
fn publish(tx: &Transaction<'_>, log: &Log, scratch: &mut Scratch) -> Result<Epoch, Error> {
    // The clock is the user's code: nothing is held yet.
    let nanos = tx.bus.now_nanos();
    let committer = tx.bus.committer()?;
    let has_events = !tx.events.is_empty();
    let names = has_events.then(|| tx.bus.catalogue().change(&tx.events, |_, _| false)).transpose()?;
    let source = tx.bus.lend_source(tx);
    scratch.encode_sections(tx, &source, nanos);
    let mut commit = Commit { tx, log, committer: &committer, names, source };
    let mut lost = 0;
    loop {
        let attempt = if lost < LOST_RACES_MAX { commit.optimistic(scratch) } else { commit.locked(scratch) };
        match attempt {
            Ok(epoch) => return Ok(epoch),
            Err(Failed::Lost) => lost += 1,
            Err(Failed::Refused(error)) => return Err(error),
        }
    }
}

/// Step 5.
fn settle(tx: &Transaction<'_>, log: &Log, epoch: Epoch) -> Result<Committed, Error> {
    if tx.bus.is_in_memory() {
        tx.bus.after_commit();
        return Ok(Committed { epoch, reached: Durability::Volatile });
    }
    let waited = log.wait(epoch.get(), tx.durability);
    waited.map_err(|source: LogError| Error::OutcomeUnknown { epoch, source })?;
    Ok(Committed { epoch, reached: log.reached(epoch.get()) })
}

/// One commit on its way.
struct Commit<'c> {
    tx: &'c Transaction<'c>,
    log: &'c Log,
    committer: &'c Committer<'c>,
    names: Option<CatalogueChange<'c>>,
    source: SourceLoan<'c>,
}

impl<'c> Commit<'c> {
    /// Compares captured pages first and locks then: the locks are short, the comparison may be in vain.
    fn optimistic(&mut self, scratch: &mut Scratch) -> Result<Epoch, Failed> {
        scratch.encode_unlocked(self.tx, self.log.record_bytes_max())?;
        let room = self.log.room(scratch.frame.len())?;
        self.open_undo(scratch, undo::of_batch(self.tx, scratch.batch.view()));
        let births = self.births()?;
        let locks = lock::lock_all(self.tx, self.committer)?;
        self.check(&locks)?;
        if !scratch.still_current(&locks) {
            return Err(Failed::Lost);
        }
        Ok(self.finish(scratch, room, locks, births))
    }

    /// Locks first and compares then: no race can be lost. All room there may be need for is taken before.
    fn locked(&mut self, scratch: &mut Scratch) -> Result<Epoch, Failed> {
        let bound = scratch.reserve_worst(self.tx, self.log.record_bytes_max());
        let room = self.log.room(bound)?;
        self.open_undo(scratch, undo::worst(self.tx));
        let births = self.births()?;
        let locks = lock::lock_all(self.tx, self.committer)?;
        self.check(&locks)?;
        scratch.encode_locked(self.tx, &locks, self.log.record_bytes_max())?;
        Ok(self.finish(scratch, room, locks, births))
    }

    /// Makes room for what the commit will replace; not one byte of it may need more once it is reserved.
    fn open_undo(&self, scratch: &mut Scratch, runs: undo::Runs) {
        let names = self.names.as_ref().map_or([0; 2], |names| {
            let old = names.old().iter().filter_map(|(_, name)| name.as_deref());
            [names.old().len(), old.map(str::len).sum()]
        });
        self.tx.bus.undo().open(&mut scratch.undo, undo::size(self.tx, runs, names));
    }

    fn births(&self) -> Result<Vec<NewPage<'c>>, Error> {
        let born = self.tx.pages.iter().filter(|page| page.life == Life::Born);
        let prepare = |page: &TxPage| self.tx.bus.store().prepare(page.page, page.page_bytes);
        born.map(|page| prepare(page).map_err(store_error)).collect()
    }

    /// Checks that every page read, or expected to be as it was, is.
    fn check(&self, locks: &[PageLock<'_>]) -> Result<(), Error> {
        let locked = self.tx.pages.iter().filter(|page| page.needs_lock());
        for (page, lock) in locked.zip(locks) {
            let changed = page.expected.is_some_and(|epoch| epoch != lock.epoch());
            if changed || lock.page_bytes() != page.page_bytes {
                return Err(Error::Conflict { page: page.page });
            }
        }
        Ok(())
    }

    /// Steps 3 and 4. From the reservation on nothing allocates, waits or fails.
    fn finish(
        &mut self,
        scratch: &mut Scratch,
        room: Room<'_>,
        locks: Vec<PageLock<'_>>,
        births: Vec<NewPage<'_>>,
    ) -> Epoch {
        let mut held = HeldPages::new(self.tx, locks, births, &scratch.changed);
        let reservation: Reservation<'_> = self.log.reserve(room, scratch.frame.len());
        let epoch = Epoch::new(reservation.number());
        self.tx.bus.note_epoch(self.committer, epoch);
        held.store(scratch.batch.view(), &mut scratch.undo);
        held.publish(epoch);
        if let Some(names) = &mut self.names {
            if let Some(record) = scratch.undo.record() {
                names.drain_old(|(page, name)| record.push_name(page, name));
            }
            names.publish(epoch);
        }
        self.log.publish(reservation, &mut scratch.frame);
        self.tx.bus.undo().keep(epoch, &mut scratch.undo);
        self.tx.bus.count_commit(self.committer, scratch.batch.view(), scratch.frame_bytes);
        self.source.set_published();
        epoch
    }
}
