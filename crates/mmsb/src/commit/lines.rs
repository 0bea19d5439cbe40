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
use crate::{Bus, Error, Transaction, counters::Amount, undo::UndoDraft};

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
    undos: &mut Vec<UndoDraft>,
) -> Result<(u64, usize), Error> {
    let (count, need) = gather(bus, log, transactions);
    if count < 2 {
        return Ok((0, 0));
    }
    let transactions = &transactions[..count];
    // Looked up again wherever it is needed: a few instructions each, fewer than to keep them.
    let ones = transactions.iter().filter_map(|tx| One::of_batch(tx.draft.writes.view()));
    let committer = bus.committer()?;
    bus.store().stash(&committer, need);
    let room = log.room(count * Line::bytes())?;
    undos.resize_with(undos.len().max(count), UndoDraft::default);
    // Another bus may have left a draft open: one that keeps no records looks at none.
    let undos = if bus.undo().is_off() { &mut [] } else { &mut undos[..count] };
    ones.clone().zip(&mut *undos).for_each(|(one, undo)| bus.undo().open(undo, one.undo_size()));
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
    bus.note_epoch(&committer, Epoch::new(first + count as u64 - 1));
    let mut writer = group.into_writer();
    let mut amount = Amount { commit_count: count as u64, run_count: count as u64, payload_bytes: 0 };
    for (index, one) in ones.clone().take(count).enumerate() {
        let epoch = Epoch::new(first + index as u64);
        writer.preserve(std::iter::once((index, one.page)), epoch);
        if let Some(record) = undos.get_mut(index).and_then(UndoDraft::record) {
            let span = one.patch.span();
            record.push_run(one.page, span.offset, writer.bytes(index, span));
        }
        store(&mut writer, index, one.patch);
        writer.publish(1, epoch);
        reservations.publish_line(one.line);
        amount.payload_bytes += one.payload_bytes();
    }
    (first..)
        .zip(undos.iter_mut().take(count))
        .for_each(|(epoch, undo)| bus.undo().keep(Epoch::new(epoch), undo));
    bus.count(&committer, amount, count * Line::bytes());
    Ok((first, count))
}

/// Counts the transactions that are one line each, up to the first that is none, and adds up the room that
/// pre-images need.
#[inline]
fn gather(bus: &Bus, log: &Log, transactions: &[Transaction<'_>]) -> (usize, Need) {
    let (mut need, mut count) = (Need::default(), 0);
    if !takes_lines(log) {
        return (0, need);
    }
    for tx in transactions.iter().take(LINES_MAX) {
        let draft = &*tx.draft;
        let is_bare = tx.is_plain_on(bus) && draft.label.is_none();
        if !is_bare || One::of_batch(draft.writes.view()).is_none() || need.bytes() > PAGE_BYTES_MAX {
            break;
        }
        need.add_all(draft.need);
        count += 1;
    }
    (count, need)
}
