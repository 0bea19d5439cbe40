//! Many transactions, one commit each: their memory asked for ahead, their page locks and their places in the
//! log taken a few at a time.
//!
//! Transactions are pulled a window ahead; each asks for its memory while it is made. Of a window, plain ones
//! that share no page are locked together and reserve consecutive numbers in one step: none of the states
//! between can be pinned, but each is in the log. Whatever is not plain, or does not lock at once, goes alone.
//!
//! Invariant: commits have the order of the transactions; nothing is held while the next one is being made.

use mmsb_delta::BatchView;
use mmsb_page::{Group, GroupBuf, Need};
use mmsb_tlog::{FrameBuf, Log};
use mmsb_types::{
    Durability, Epoch,
    plant::{Fault, is_planted},
};

use super::{Beside, PooledScratch, Scratch, graph::concerns, lines, plain::store_all, settle, single, undo};
use crate::{Bus, Committed, Error, ManyError, Transaction, undo::UndoDraft};

/// Transactions pulled ahead.
const WINDOW: usize = 32;
/// Pages that are locked together: what a small commit may hold.
const GROUP_PAGES_MAX: usize = 32;
/// Bytes of frames that are reserved together, each counted with its head, and of the pages they change, of
/// which 32 count as one: the ring and the room for pre-images must serve others, too.
const GROUP_BYTES_MAX: u64 = 32 << 10;
const FRAME_BYTES_MIN: usize = 64;
/// Room for answers that is made before the first of them, at most.
const ANSWERS_AHEAD_MAX: usize = 1 << 16;

/// Buffers for the transactions of one group, used again and again.
#[derive(Default)]
pub(super) struct ManyScratch {
    frames: Vec<FrameBuf>,
    undos: Vec<UndoDraft>,
}

/// What has been committed so far.
struct Progress {
    committed: Vec<Committed>,
    /// The strongest that was asked for.
    durability: Durability,
}

/// Commits the transactions in their order; waits once, for the strongest durability asked for.
pub(crate) fn run<'t>(
    bus: &Bus,
    transactions: impl Iterator<Item = Transaction<'t>>,
) -> Result<Vec<Committed>, ManyError> {
    let mut transactions = transactions.fuse();
    let ahead = transactions.size_hint().0.min(ANSWERS_AHEAD_MAX);
    let mut progress = Progress { committed: Vec::with_capacity(ahead), durability: Durability::Volatile };
    let mut window = Vec::with_capacity(WINDOW);
    loop {
        window.extend(transactions.by_ref().take(WINDOW));
        if window.is_empty() {
            return progress.finish(bus, None);
        }
        if let Err(source) = progress.commit(bus, &mut window) {
            return progress.finish(bus, Some(source));
        }
        window.clear();
    }
}

impl Progress {
    fn commit(&mut self, bus: &Bus, window: &mut [Transaction<'_>]) -> Result<(), Error> {
        let mut rest = window;
        while !rest.is_empty() {
            let count = match self.commit_lines(bus, rest)? {
                // A hint, so that what must go alone is not prepared to go with others.
                0 if concerns(bus, &rest[0]) => 0,
                0 => match plain_count(bus, rest) {
                    0 => 0,
                    count => self.commit_group(bus, &rest[..count])?,
                },
                count => count,
            };
            if count == 0 {
                self.push(single(bus, &mut rest[0])?, rest[0].draft.durability);
            }
            rest = &mut rest[count.max(1)..];
        }
        if bus.is_in_memory() {
            bus.after_commit();
        }
        Ok(())
    }

    /// Commits as many of the transactions as are one short write each and can be locked at once; returns how
    /// many.
    fn commit_lines(&mut self, bus: &Bus, transactions: &[Transaction<'_>]) -> Result<usize, Error> {
        if !go_together(bus) || transactions.len() < 2 || concerns(bus, &transactions[0]) {
            return Ok(0);
        }
        let log = bus.journal().log()?;
        let mut pooled = PooledScratch::new();
        let Scratch { undo, group, .. } = &mut *pooled;
        let timer = bus.time_commit(Durability::Volatile);
        let (first, count) = lines::publish(bus, log, transactions, group, undo)?;
        bus.counters().applied(timer.as_ref().filter(|_| count > 0));
        for (epoch, tx) in (first..).zip(&transactions[..count]) {
            self.push(Epoch::new(epoch), tx.draft.durability);
        }
        Ok(count)
    }

    /// Commits as many of the transactions as can be locked at once; returns how many.
    fn commit_group(&mut self, bus: &Bus, group: &[Transaction<'_>]) -> Result<usize, Error> {
        let log = bus.journal().log()?;
        let mut pooled = PooledScratch::new();
        let scratch: &mut Scratch = &mut pooled;
        let mut many = std::mem::take(&mut scratch.many);
        let mut buffer = std::mem::take(&mut scratch.group);
        let timer = bus.time_commit(Durability::Volatile);
        let epochs = many.publish(bus, log, scratch, group, &mut buffer);
        (scratch.many, scratch.group) = (many, buffer);
        let (first, count) = epochs?;
        bus.counters().applied(timer.as_ref().filter(|_| count > 0));
        for (at, tx) in group[..count].iter().enumerate() {
            self.push(Epoch::new(first + at as u64), tx.draft.durability);
        }
        Ok(count)
    }

    #[inline]
    fn push(&mut self, epoch: Epoch, durability: Durability) {
        self.committed.push(Committed { epoch, reached: Durability::Volatile });
        self.durability = self.durability.max(durability);
    }

    /// Waits for what was committed, and says how safe each commit is.
    fn finish(mut self, bus: &Bus, failure: Option<Error>) -> Result<Vec<Committed>, ManyError> {
        let waited =
            self.committed.last().map_or(Ok(()), |last| settle(bus, last.epoch, self.durability).map(drop));
        if let (false, Ok(log)) = (bus.is_in_memory(), bus.journal().log()) {
            self.committed.iter_mut().for_each(|one| one.reached = log.reached(one.epoch.get()));
        }
        match failure.or(waited.err()) {
            None => Ok(self.committed),
            Some(source) => Err(ManyError { index: self.committed.len(), committed: self.committed, source }),
        }
    }
}

/// Tells whether commits of the bus may be taken a few at a time.
#[inline]
fn go_together(bus: &Bus) -> bool {
    // A clock is the user's code, asked one by one; and only the plain way knows how to be wrong.
    !bus.has_clock() && !is_planted(Fault::NumberBeforeLocks)
}

/// Returns how many of the transactions, from the first on, may be locked together.
fn plain_count(bus: &Bus, transactions: &[Transaction<'_>]) -> usize {
    if !go_together(bus) {
        return 0;
    }
    let (mut pages, mut bytes) = (0, 0);
    let fits = |tx: &&Transaction<'_>| {
        pages += tx.draft.writes().len();
        bytes +=
            FRAME_BYTES_MIN as u64 + tx.draft.writes().encoded_bytes() as u64 + tx.draft.need.bytes() / 32;
        tx.is_plain_on(bus) && pages <= GROUP_PAGES_MAX && bytes <= GROUP_BYTES_MAX
    };
    transactions.iter().take_while(fits).count()
}

impl ManyScratch {
    /// Publishes a prefix of the group; returns its first epoch and how many there are, perhaps none.
    fn publish(
        &mut self,
        bus: &Bus,
        log: &Log,
        scratch: &mut Scratch,
        transactions: &[Transaction<'_>],
        buffer: &mut GroupBuf,
    ) -> Result<(u64, usize), Error> {
        if self.encode(bus, log, scratch, transactions).is_err() {
            // One record is too large: whose it is shows when each goes alone.
            return Ok((0, 0));
        }
        let committer = bus.committer()?;
        if transactions.iter().any(|tx| concerns(bus, tx)) {
            return Ok((0, 0));
        }
        let room = log.room_for_many(self.frames[..transactions.len()].iter().map(FrameBuf::len))?;
        let mut need = Need::default();
        transactions.iter().for_each(|tx| need.add_all(tx.draft.need));
        bus.stash(&committer, need)?;
        let mut group = Group::new(bus.store(), &committer, buffer);
        group.reserve(GROUP_PAGES_MAX);
        let taken = transactions.iter().take_while(|tx| lock_one(&mut group, tx.draft.writes(), scratch));
        let count = taken.count();
        if count == 0 {
            return Ok((0, 0));
        }
        let frames = &mut self.frames[..count];
        let mut reservations = log.reserve_many(room, frames.iter().map(FrameBuf::len));
        let first = reservations.number();
        bus.note_epoch(&committer, Epoch::new(first + count as u64 - 1));
        let (mut writer, mut at) = (group.into_writer(), 0);
        let mut frame_bytes = 0;
        for ((tx, frame), undo) in transactions.iter().zip(frames).zip(&mut self.undos) {
            let (batch, epoch) = (tx.draft.writes(), Epoch::new(reservations.number()));
            let pages = batch.compact_spans().map(|(page, _)| page);
            writer.preserve((at..).zip(pages), epoch);
            store_all(&mut writer, at, batch, undo);
            writer.publish(batch.len(), epoch);
            at += batch.len();
            frame_bytes += frame.len();
            log.publish(reservations.take(frame.len()), frame);
        }
        for ((epoch, tx), undo) in (first..).zip(&transactions[..count]).zip(&mut self.undos) {
            bus.undo().keep(Epoch::new(epoch), undo);
            bus.count_commit(&committer, tx.draft.writes(), std::mem::take(&mut frame_bytes));
        }
        Ok((first, count))
    }

    /// Lays out a frame for each transaction, and makes room for what it replaces.
    fn encode(
        &mut self,
        bus: &Bus,
        log: &Log,
        scratch: &mut Scratch,
        transactions: &[Transaction<'_>],
    ) -> Result<(), Error> {
        let count = transactions.len().max(self.frames.len());
        self.frames.resize_with(count, FrameBuf::default);
        self.undos.resize_with(count, UndoDraft::default);
        for ((tx, frame), undo) in transactions.iter().zip(&mut self.frames).zip(&mut self.undos) {
            scratch.encode_sections(&tx.draft, Beside::default());
            frame.encode(&scratch.sections, tx.draft.writes(), log.record_bytes_max())?;
            bus.undo().open(undo, undo::of_writes(tx.draft.writes()));
        }
        Ok(())
    }
}

/// Takes one transaction's pages; lets them go again if one is busy, gone, or in the group already.
fn lock_one(group: &mut Group<'_>, batch: BatchView<'_>, scratch: &mut Scratch) -> bool {
    let before = group.len();
    let mut runs = batch.compact_spans().map(|(page, span)| (page, span.end() as u32));
    scratch.again.clear();
    let stopped = group.try_lock_each(&mut runs, &mut scratch.again);
    let is_whole = stopped.is_none() && scratch.again.is_empty();
    if !is_whole {
        group.truncate(before);
    }
    is_whole
}
