//! The short way: writes to living pages, which stand in the transaction as the frame stores them.
//!
//! Nothing is looked up by page but in the page table, and nothing is sorted: the lock word of a page that
//! comes twice says so. Only then are its runs looked at. If some overlap, the earlier ones are cut, and the
//! commit starts again; if many do, the general way must merge them.

use mmsb_delta::BatchView;
use mmsb_page::{Group, GroupWriter, Need, PageStore};
use mmsb_tlog::FrameBuf;
use mmsb_types::{
    Epoch, PageId,
    plant::{Fault, is_planted},
};

use super::{
    Commit, Scratch,
    held::{replace, store},
    lock::lock_all,
    overlap::{Meeting, Overlaps},
    undo,
};
use crate::{
    Error,
    txn::Draft,
    undo::{UndoDraft, UndoRecord},
};

/// A draft that asks for more room for pre-images is looked at again: it may have counted pages twice.
const EXACT_ABOVE_BYTES: u64 = 1 << 20;
/// Above this many writes, what the transaction asked the memory for is no longer near when the pages are held.
const NEAR_MAX: usize = 4096;
/// How many writes ahead a page is asked for again.
const AHEAD: usize = 24;

impl Commit<'_> {
    /// Publishes the draft's writes; `None`, and nothing has happened, if many of them overlap.
    pub(super) fn plain(&mut self, draft: &Draft, scratch: &mut Scratch) -> Result<Option<Epoch>, Error> {
        let (writes, is_apart) = (draft.writes(), draft.is_apart());
        // Of very many writes some will meet: what is found before anything is held is not held in vain.
        let is_large = writes.len() > NEAR_MAX || draft.need.bytes() > EXACT_ABOVE_BYTES;
        let known = (is_large && !is_apart).then(|| scratch.overlaps.find_all(writes));
        let need = known.map_or(draft.need, |_| exact_need(self.bus.store(), draft, &scratch.overlaps));
        self.bus.stash(self.committer, need)?;
        let written = match known {
            None | Some(Meeting::None) => self.write_all(writes, is_apart || known.is_some(), scratch)?,
            Some(meeting) => Err(meeting),
        };
        match written {
            Ok(epoch) => Ok(Some(epoch)),
            Err(Meeting::Few) => self.write_trimmed(draft, scratch),
            Err(_) => Ok(None),
        }
    }

    /// Writes a draft whose runs meet without what later ones of them cover.
    fn write_trimmed(&mut self, draft: &Draft, scratch: &mut Scratch) -> Result<Option<Epoch>, Error> {
        let mut trimmed = std::mem::take(&mut scratch.batch);
        trimmed.clear();
        trimmed.push_trimmed(draft.writes(), &scratch.overlaps.pairs);
        let written = self.write_all(trimmed.view(), true, scratch);
        scratch.batch = trimmed;
        Ok(written?.ok())
    }

    /// Publishes writes, unless some of them meet; with `is_apart` that is known not to be.
    fn write_all(
        &mut self,
        batch: BatchView<'_>,
        is_apart: bool,
        scratch: &mut Scratch,
    ) -> Result<Result<Epoch, Meeting>, Error> {
        let bound = FrameBuf::bound(&scratch.sections, batch.encoded_bytes());
        self.log.lend_memory(&mut scratch.frame, bound);
        scratch.frame.encode(&scratch.sections, batch, self.log.record_bytes_max())?;
        let frame_bytes = scratch.frame.len();
        let room = self.log.room(frame_bytes)?;
        self.bus.undo().open(&mut scratch.undo, undo::of_writes(batch));
        let mut group = Group::new(self.bus.store(), self.committer, &mut scratch.group);
        let runs = batch.compact_spans().map(|(page, span)| (page, span.end() as u32));
        scratch.again.clear();
        if batch.len() <= NEAR_MAX {
            lock_all(self.bus.bulk_ticket(), &mut group, runs, &mut scratch.again)?;
        } else {
            let runs = ask_ahead(self.bus.store(), runs);
            lock_all(self.bus.bulk_ticket(), &mut group, runs, &mut scratch.again)?;
        }
        if !is_apart {
            let meeting = scratch.overlaps.find(batch, &scratch.again);
            if meeting != Meeting::None {
                return Ok(Err(meeting));
            }
        }
        let reservation = self.log.reserve(room, frame_bytes);
        let epoch = Epoch::new(reservation.number());
        self.bus.undo().approach(epoch);
        if is_planted(Fault::NumberBeforeLocks) {
            // As if the pages had been taken only now.
            group.truncate(0);
            let runs = batch.compact_spans().map(|(page, span)| (page, span.end() as u32));
            lock_all(self.bus.bulk_ticket(), &mut group, runs, &mut scratch.again)?;
        }
        self.bus.note_epoch(self.committer, epoch);
        let mut writer = group.into_writer();
        writer.preserve(batch.compact_spans().map(|(page, _)| page).enumerate(), epoch);
        store_all(&mut writer, 0, batch, &mut scratch.undo);
        writer.publish(batch.len(), epoch);
        drop(writer);
        self.log.publish(reservation, &mut scratch.frame);
        self.bus.undo().keep(epoch, &mut scratch.undo);
        self.bus.count_commit(self.committer, batch, frame_bytes);
        self.source.iter_mut().for_each(|source| source.set_published(epoch));
        Ok(Ok(epoch))
    }
}

/// Asks the memory for each page some runs before its turn.
fn ask_ahead<'r>(
    store: &'r PageStore,
    runs: impl ExactSizeIterator<Item = (PageId, u32)> + Clone + 'r,
) -> impl ExactSizeIterator<Item = (PageId, u32)> + Clone + 'r {
    let mut ahead = runs.clone().skip(AHEAD);
    runs.inspect(move |_| {
        if let Some((page, _)) = ahead.next() {
            store.prefetch(page);
        }
    })
}

/// Returns the room that pre-images of all pages need, each counted once; the draft counted anew those that its writes
/// came back to.
fn exact_need(store: &PageStore, draft: &Draft, overlaps: &Overlaps) -> Need {
    let mut need = draft.need;
    for (page, times) in overlaps.returns() {
        let page_bytes = store.page_bytes(page).unwrap_or(0);
        (0..times).for_each(|_| need.take(page_bytes));
    }
    need
}

/// Stores each run into the page of its record, the first one's being `first`; saves first what was there.
#[inline]
pub(super) fn store_all(
    writer: &mut GroupWriter<'_>,
    first: usize,
    batch: BatchView<'_>,
    undo: &mut UndoDraft,
) {
    let Some(record) = undo.record() else {
        for (index, (_, patch)) in (first..).zip(batch.compact_iter()) {
            store(writer, index, patch);
        }
        return;
    };
    record.push_entries(batch.compact_entries());
    if batch.len() > NEAR_MAX {
        return replace_far(writer, first, batch, record);
    }
    for (index, (_, patch)) in (first..).zip(batch.compact_iter()) {
        replace(writer, index, patch, record);
    }
}

/// Replaces runs of pages that are not near: asks for each some runs before its turn.
fn replace_far(writer: &mut GroupWriter<'_>, first: usize, batch: BatchView<'_>, record: &mut UndoRecord) {
    let mut ahead = (first + AHEAD..).zip(batch.compact_spans().skip(AHEAD));
    for (index, (_, patch)) in (first..).zip(batch.compact_iter()) {
        if let Some((index, (_, span))) = ahead.next() {
            writer.prefetch(index, span);
        }
        replace(writer, index, patch, record);
    }
}
