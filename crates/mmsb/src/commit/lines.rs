//! Short writes that follow each other, each a commit: `commit_many`'s usual load.
//!
//! Invariant: as for the groups of `many`; each commit leaves what `one` would.

use mmsb_delta::ShortWrite;
use mmsb_page::{Group, GroupBuf, GroupWriter, Hold, Need};
use mmsb_tlog::{Line, Log, Reservations};
use mmsb_types::Epoch;

use super::{
    graph::any_is_marked,
    held::{replace, store},
    one::{short_line, takes_lines},
};
use crate::{
    Bus, Error, Transaction,
    counters::Amount,
    undo::{UndoDraft, UndoRecord, UndoSize},
};

/// Pages that are locked together: what a small commit may hold.
const LINES_MAX: usize = 32;
/// Bytes of pages that are changed together: the room for pre-images must serve others, too.
const PAGE_BYTES_MAX: u64 = 1 << 20;

/// Transactions that are one line each.
struct Lines<'t> {
    shorts: Vec<&'t ShortWrite>,
    /// Room for pre-images.
    need: Need,
    /// Bytes that they replace.
    old_bytes: usize,
}

/// Publishes the transactions from the first on that are one short write each and lock at once; returns the first
/// epoch and how many there are, perhaps none.
pub(super) fn publish(
    bus: &Bus,
    log: &Log,
    transactions: &[Transaction<'_>],
    buffer: &mut GroupBuf,
    undo: &mut UndoDraft,
) -> Result<(u64, usize), Error> {
    let mut lines = Lines::of(bus, log, transactions);
    if lines.shorts.len() < 2 {
        return Ok((0, 0));
    }
    let committer = bus.committer()?;
    if any_is_marked(bus, lines.shorts.iter().map(|short| short.page())) {
        return Ok((0, 0));
    }
    bus.stash(&committer, lines.need)?;
    let room = log.room(lines.shorts.len() * Line::bytes())?;
    bus.undo().open(undo, lines.undo_size());
    let mut group = Group::new(bus.store(), &committer, buffer);
    lines.lock(&mut group);
    let count = lines.shorts.len();
    if count == 0 {
        return Ok((0, 0));
    }
    let reservations = log.reserve_lines(room, count);
    let first = reservations.number();
    let last = Epoch::new(first + count as u64 - 1);
    bus.undo().approach(last);
    bus.note_epoch(&committer, last);
    let amount = lines.write(group.into_writer(), reservations, undo.record());
    bus.undo().keep_many(last, count, undo);
    bus.count(&committer, amount, count * Line::bytes());
    Ok((first, count))
}

impl<'t> Lines<'t> {
    /// Takes the transactions up to the first that is no line.
    #[inline]
    fn of(bus: &Bus, log: &Log, transactions: &'t [Transaction<'_>]) -> Self {
        let transactions = &transactions[..transactions.len().min(LINES_MAX)];
        let mut lines =
            Self { shorts: Vec::with_capacity(transactions.len()), need: Need::default(), old_bytes: 0 };
        if !takes_lines(log) {
            return lines;
        }
        for tx in transactions {
            let short = tx.only_short_on(bus).filter(|_| lines.need.bytes() <= PAGE_BYTES_MAX);
            let Some(short) = short else { break };
            lines.need.add_all(tx.draft.need);
            lines.old_bytes += short.span().len as usize;
            lines.shorts.push(short);
        }
        lines
    }

    fn undo_size(&self) -> UndoSize {
        UndoSize { entry_count: self.shorts.len(), old_bytes: self.old_bytes, ..UndoSize::default() }
    }

    /// Locks the pages one by one, and leaves out the lines from the first one on that does not lock at once.
    #[inline]
    fn lock(&mut self, group: &mut Group<'_>) {
        group.reserve(self.shorts.len());
        let mut locks =
            |short: &ShortWrite| group.try_lock(short.page(), short.span().end() as u32) == Hold::Locked;
        let count = self.shorts.iter().take_while(|short| locks(short)).count();
        // A page that comes again has a record: it is left to the next round.
        group.truncate(count);
        self.shorts.truncate(count);
    }

    /// Stores, publishes and logs line by line; returns what is to be counted.
    #[inline]
    fn write(
        &self,
        mut writer: GroupWriter<'_>,
        mut reservations: Reservations<'_>,
        mut undo: Option<&mut UndoRecord>,
    ) -> Amount {
        let mut amount = Amount::default();
        let epochs = (reservations.number()..).map(Epoch::new);
        let records = self.shorts.iter().map(|short| short.page()).enumerate();
        writer.preserve_each(records.zip(epochs.clone()));
        for ((index, short), epoch) in self.shorts.iter().enumerate().zip(epochs) {
            match &mut undo {
                Some(record) => {
                    record.push_entry(short.entry());
                    replace(&mut writer, index, short.patch(), record);
                }
                None => store(&mut writer, index, short.patch()),
            }
            writer.publish(1, epoch);
            reservations.publish_line(short_line(short));
            amount.payload_bytes += short.payload().len() as u64;
        }
        (amount.commit_count, amount.run_count) = (self.shorts.len() as u64, self.shorts.len() as u64);
        amount
    }
}
