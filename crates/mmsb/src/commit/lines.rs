//! Short writes that follow each other, each a commit: `commit_many`'s usual load.
//!
//! Invariant: as for the groups of `many`; each commit leaves what `one` would.

use mmsb_page::{Group, GroupBuf, Hold, Need};
use mmsb_tlog::{Line, Log};
use mmsb_types::Epoch;

use super::{held::store, one::One};
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
    let (ones, need) = gather(bus, log, transactions);
    let count = ones.iter().take_while(|one| one.is_some()).count();
    if count < 2 {
        return Ok((0, 0));
    }
    let ones = ones[..count].iter().flatten();
    let committer = bus.committer()?;
    bus.store().stash(&committer, need);
    let room = log.room(count * Line::bytes())?;
    undos.resize_with(undos.len().max(count), UndoDraft::default);
    // Another bus may have left a draft open: one that keeps no records looks at none.
    let undos = if bus.undo().is_off() { &mut [] } else { &mut undos[..count] };
    ones.clone().zip(&mut *undos).for_each(|(one, undo)| bus.undo().open(undo, one.undo_size()));
    let mut group = Group::new(bus.store(), &committer, buffer);
    group.reserve(count);
    let locks = |one: &&One<'_>| group.try_lock(one.page, one.patch.span().end() as u32) == Hold::Locked;
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
        log.publish_line(reservations.take(Line::bytes()), one.line);
        amount.payload_bytes += one.payload_bytes();
    }
    (first..)
        .zip(undos.iter_mut().take(count))
        .for_each(|(epoch, undo)| bus.undo().keep(Epoch::new(epoch), undo));
    bus.count(&committer, amount, count * Line::bytes());
    Ok((first, count))
}

/// Lays out the lines, up to the first transaction that is none, and adds up the room that pre-images need.
#[inline]
fn gather<'w>(
    bus: &Bus,
    log: &Log,
    transactions: &'w [Transaction<'_>],
) -> ([Option<One<'w>>; LINES_MAX], Need) {
    let (mut ones, mut need) = ([None; LINES_MAX], Need::default());
    for (slot, tx) in ones.iter_mut().zip(transactions) {
        if !tx.is_plain_on(bus) || need.bytes() > PAGE_BYTES_MAX {
            break;
        }
        *slot = One::of_draft(log, &tx.draft);
        if slot.is_none() {
            break;
        }
        need.add_all(tx.draft.need);
    }
    (ones, need)
}
