//! The short way: writes to living pages, which stand in the transaction as the frame stores them.
//!
//! Nothing is looked up by page but in the page table, and nothing is sorted: the lock word of a page that
//! comes twice says so. Only then are its runs looked at; if they overlap, the general way must merge them.

use mmsb_delta::BatchView;
use mmsb_page::{Group, GroupWriter};
use mmsb_types::{Epoch, PageId, Span};

use super::{Commit, Scratch, held::store, lock::lock_all, undo};
use crate::{Error, txn::Draft, undo::UndoDraft};

/// Pages that come twice are compared run by run up to this many; above, all runs are sorted.
const COMPARED_MAX: usize = 8;

impl Commit<'_> {
    /// Publishes the draft's writes; `None`, and nothing has happened, if some of them overlap.
    pub(super) fn plain(&mut self, draft: &Draft, scratch: &mut Scratch) -> Result<Option<Epoch>, Error> {
        let batch = draft.writes.view();
        scratch.frame.encode(&scratch.sections, &draft.writes, self.log.record_bytes_max())?;
        let frame_bytes = scratch.frame.len();
        scratch.frame_bytes_max = scratch.frame_bytes_max.max(frame_bytes);
        let room = self.log.room(frame_bytes)?;
        self.bus.undo().open(&mut scratch.undo, undo::of_writes(batch));
        self.stash(batch.compact_spans().map(|(page, _)| page));
        let mut group = Group::new(self.bus.store(), self.committer, &mut scratch.group);
        let runs = batch.compact_spans().map(|(page, span)| (page, span.end() as u32));
        scratch.again.clear();
        lock_all(self.bus.bulk_ticket(), &mut group, runs, &mut scratch.again)?;
        if overlap(batch, &scratch.again, &mut scratch.sorted) {
            return Ok(None);
        }
        let reservation = self.log.reserve(room, frame_bytes);
        let epoch = Epoch::new(reservation.number());
        self.bus.note_epoch(self.committer, epoch);
        let mut writer = group.into_writer();
        let mut pages = batch.compact_spans().enumerate();
        writer.preserve(epoch, |index| pages.find(|&(at, _)| at == index).map(|(_, (page, _))| page));
        store_all(&mut writer, batch, &mut scratch.undo);
        writer.publish(batch.len(), epoch);
        drop(writer);
        self.log.publish(reservation, &mut scratch.frame);
        self.bus.undo().keep(epoch, &mut scratch.undo);
        self.bus.count_commit(self.committer, batch, frame_bytes);
        self.source.set_published();
        Ok(Some(epoch))
    }
}

/// Stores each run into the page of the record with its index; saves first what was there.
fn store_all(writer: &mut GroupWriter<'_>, batch: BatchView<'_>, undo: &mut UndoDraft) {
    if let Some(record) = undo.record() {
        for (index, (page, span)) in batch.compact_spans().enumerate() {
            record.push_run(page, span.offset, writer.bytes(index, span));
        }
    }
    batch.iter().enumerate().for_each(|(index, (_, patch))| store(writer, index, patch));
}

/// Tells whether two runs share a byte; `again` are the runs whose page came before.
fn overlap(batch: BatchView<'_>, again: &[u32], sorted: &mut Vec<(PageId, Span)>) -> bool {
    if again.is_empty() {
        return false;
    }
    let runs = batch.compact_spans();
    if again.len() <= COMPARED_MAX {
        return again.iter().any(|&index| {
            let (page, span) = runs.clone().nth(index as usize).expect("a record for each run");
            runs.clone().take(index as usize).any(|(other, before)| other == page && before.overlaps(span))
        });
    }
    sorted.clear();
    sorted.extend(runs);
    sorted.sort_unstable();
    let overlap = |pair: &[(PageId, Span)]| pair[0].0 == pair[1].0 && pair[0].1.overlaps(pair[1].1);
    sorted.windows(2).any(overlap)
}
