//! Short writes that follow each other, each a commit: `commit_many`'s usual load.
//!
//! Invariant: as for the groups of `many`; each commit leaves what `one` would.

use mmsb_page::{Group, GroupBuf, Hold, Need};
use mmsb_tlog::{Line, Log};
use mmsb_types::Epoch;

use super::{
    held::store,
    one::{One, takes_lines},
};
use crate::{
    Bus, Error, Transaction,
    counters::Amount,
    undo::{UndoDraft, UndoSize},
};

/// Pages that are locked together: what a small commit may hold.
const LINES_MAX: usize = 32;
/// Bytes of pages that are changed together: the room for pre-images must serve others, too.
const PAGE_BYTES_MAX: u64 = 1 << 20;

/// Publishes the transactions from the first on that are one short write each and lock at once; returns the first
/// epoch and how many there are, perhaps none.
pub(super) fn publish(
    bus: &Bus,
    log: &Log,
    transactions: &[Transaction<'_>],
    buffer: &mut GroupBuf,
    undo: &mut UndoDraft,
) -> Result<(u64, usize), Error> {
    let Gathered { count, need, old_bytes } = Gathered::of(bus, log, transactions);
    if count < 2 {
        return Ok((0, 0));
    }
    let transactions = &transactions[..count];
    // Looked up again wherever it is needed: a few instructions each, fewer than to keep them.
    let ones = transactions.iter().filter_map(|tx| One::of_batch(tx.draft.writes.view()));
    let committer = bus.committer()?;
    bus.store().stash(&committer, need);
    let room = log.room(count * Line::bytes())?;
    bus.undo().open(undo, UndoSize { entry_count: count, old_bytes, ..UndoSize::default() });
    let mut group = Group::new(bus.store(), &committer, buffer);
    group.reserve(count);
    let locks = |one: &One<'_>| group.try_lock(one.page, one.patch.span().end() as u32) == Hold::Locked;
    let count = ones.clone().take_while(locks).count();
    // A page that comes again has a record: it is left to the next round.
    group.truncate(count);
    if count == 0 {
        return Ok((0, 0));
    }
    let mut reservations = log.reserve_many(room, std::iter::repeat_n(Line::bytes(), count));
    let first = reservations.number();
    let last = Epoch::new(first + count as u64 - 1);
    bus.note_epoch(&committer, last);
    let mut writer = group.into_writer();
    let mut amount = Amount { commit_count: count as u64, run_count: count as u64, payload_bytes: 0 };
    for (index, one) in ones.clone().take(count).enumerate() {
        let epoch = Epoch::new(first + index as u64);
        writer.preserve(std::iter::once((index, one.page)), epoch);
        if let Some(record) = undo.record() {
            record.push_entry(one.entry);
            record.push_old(writer.bytes(index, one.patch.span()));
        }
        store(&mut writer, index, one.patch);
        writer.publish(1, epoch);
        reservations.publish_line(one.line);
        amount.payload_bytes += one.payload_bytes();
    }
    bus.undo().keep_many(last, count, undo);
    bus.count(&committer, amount, count * Line::bytes());
    Ok((first, count))
}

/// Transactions that are one line each.
#[derive(Default)]
struct Gathered {
    count: usize,
    /// Room for pre-images.
    need: Need,
    /// Bytes that they replace.
    old_bytes: usize,
}

impl Gathered {
    /// Looks at the transactions up to the first that is no line.
    #[inline]
    fn of(bus: &Bus, log: &Log, transactions: &[Transaction<'_>]) -> Self {
        let mut gathered = Self::default();
        if !takes_lines(log) {
            return gathered;
        }
        for tx in transactions.iter().take(LINES_MAX) {
            let is_bare = tx.is_plain_on(bus) && tx.draft.label.is_none();
            let one = One::of_batch(tx.draft.writes.view()).filter(|_| is_bare);
            let Some(one) = one.filter(|_| gathered.need.bytes() <= PAGE_BYTES_MAX) else { break };
            gathered.need.add_all(tx.draft.need);
            gathered.old_bytes += one.patch.span().len as usize;
            gathered.count += 1;
        }
        gathered
    }
}
