//! The shortest way: one short write to a living page, and nothing else; its frame is one line.
//!
//! No columns, no group, no buffers: the line is made in registers and stored into the ring. What does not go at
//! once (a page that is held, or gone) is left to the plain way, which waits, or tells what is wrong.
//!
//! Invariant: what it leaves in pages, log, pre-images and undo records is what the plain way would.

use mmsb_delta::{Patch, ShortWrite, short_write};
use mmsb_page::{Committer, Need, PageWriter};
use mmsb_tlog::{Line, Log};
use mmsb_types::{
    Epoch, PageId, Span,
    plant::{Fault, is_planted},
};

use super::{PooledScratch, graph::any_is_marked, settle};
use crate::{
    Bus, Committed, Error,
    counters::Amount,
    txn::Draft,
    undo::{UndoDraft, UndoSize},
};

/// A write that is a commit.
#[derive(Clone, Copy)]
pub(super) struct One<'w> {
    pub(super) page: PageId,
    pub(super) entry: [u8; 8],
    pub(super) patch: Patch<'w>,
    pub(super) line: Line<'w>,
}

/// Commits one write, if it goes the shortest way; `None`, and nothing has happened, if not.
#[inline]
pub(crate) fn write(bus: &Bus, page: PageId, offset: u32, bytes: &[u8]) -> Result<Option<Committed>, Error> {
    let (false, false, Ok(log)) = (bus.records_sites(), bus.has_clock(), bus.journal().log()) else {
        return Ok(None);
    };
    let fits = |&page_bytes: &u32| u64::from(offset) + bytes.len() as u64 <= u64::from(page_bytes);
    let page_bytes = bus.store().approach(page, offset, bytes.len()).filter(fits);
    let Some((page_bytes, one)) = page_bytes.zip(One::of_write(log, page, offset, bytes)) else {
        return Ok(None);
    };
    let mut need = Need::default();
    need.add(page_bytes);
    let timer = bus.time_commit(bus.durability());
    log.check_poison()?;
    let committer = bus.committer()?;
    if any_is_marked(bus, [page].into_iter()) {
        return Ok(None);
    }
    let Some(epoch) = one.publish(bus, log, &committer, need)? else { return Ok(None) };
    drop(committer);
    bus.counters().applied(timer.as_ref());
    let committed = settle(bus, epoch, bus.durability())?;
    bus.counters().waited(timer.as_ref());
    Ok(Some(committed))
}

impl<'w> One<'w> {
    #[inline]
    fn of_write(log: &Log, page: PageId, offset: u32, bytes: &'w [u8]) -> Option<Self> {
        let (entry, patch) = short_write(page, offset, bytes)?;
        let payload = match patch {
            Patch::Bytes { bytes, .. } | Patch::Page { bytes } => bytes,
            // One byte, as all the others are.
            Patch::Fill { .. } | Patch::PageFill { .. } => &bytes[..1],
        };
        Line::new(entry, payload).filter(|_| takes_lines(log)).map(|line| Self { page, entry, patch, line })
    }

    /// Takes a draft that holds one short write, and says nothing beside it.
    #[inline]
    pub(super) fn of_draft(log: &Log, draft: &'w Draft) -> Option<Self> {
        let short = draft.only_short().filter(|_| draft.site.is_none() && takes_lines(log))?;
        let (page, entry, patch) = (short.page(), short.entry(), short.patch());
        Some(Self { page, entry, patch, line: short_line(short) })
    }

    /// Returns how many payload bytes the commit counts.
    #[inline]
    pub(super) fn payload_bytes(&self) -> u64 {
        match self.patch {
            Patch::Bytes { bytes, .. } | Patch::Page { bytes } => bytes.len() as u64,
            Patch::Fill { .. } | Patch::PageFill { .. } => 1,
        }
    }

    /// Publishes the write; `None`, and nothing has happened, if its page does not lock at once.
    #[inline]
    pub(super) fn publish(
        &self,
        bus: &Bus,
        log: &Log,
        committer: &Committer<'_>,
        need: Need,
    ) -> Result<Option<Epoch>, Error> {
        if is_planted(Fault::NumberBeforeLocks) {
            // The plain way knows how to be wrong.
            return Ok(None);
        }
        bus.stash(committer, need)?;
        let room = log.room(Line::bytes())?;
        if bus.undo().is_off() {
            return Ok(self.publish_into(bus, log, room, committer, &mut UndoDraft::default()));
        }
        let mut scratch = PooledScratch::new();
        let old_bytes = self.patch.span().len as usize;
        bus.undo().open(&mut scratch.undo, UndoSize { entry_count: 1, old_bytes, ..UndoSize::default() });
        Ok(self.publish_into(bus, log, room, committer, &mut scratch.undo))
    }

    #[inline]
    fn publish_into(
        &self,
        bus: &Bus,
        log: &Log,
        room: mmsb_tlog::Room<'_>,
        committer: &Committer<'_>,
        undo: &mut UndoDraft,
    ) -> Option<Epoch> {
        let span = self.patch.span();
        let Ok(Some(lock)) = bus.store().try_lock(self.page, committer) else { return None };
        if !span.fits(lock.page_bytes()) {
            return None;
        }
        let reservation = log.reserve(room, Line::bytes());
        let epoch = Epoch::new(reservation.number());
        bus.note_epoch(committer, epoch);
        let mut writer = lock.into_writer();
        writer.preserve(epoch);
        if let Some(record) = undo.record() {
            record.push_entry(self.entry);
            record.push_old(&writer.bytes()[span.range()]);
        }
        store(&mut writer, span, self.patch);
        writer.publish(epoch);
        log.publish_line(reservation, self.line);
        bus.undo().keep(epoch, undo);
        let amount = Amount { commit_count: 1, run_count: 1, payload_bytes: self.payload_bytes() };
        bus.count(committer, amount, Line::bytes());
        Some(epoch)
    }
}

#[inline]
fn store(writer: &mut PageWriter<'_>, span: Span, patch: Patch<'_>) {
    match patch {
        Patch::Bytes { bytes, .. } | Patch::Page { bytes } => writer.write(span.offset, bytes),
        Patch::Fill { byte, .. } | Patch::PageFill { byte, .. } => writer.fill(span, byte),
    }
    if is_planted(Fault::StoreFlipped) {
        let first = writer.bytes()[span.offset as usize];
        writer.write(span.offset, &[first ^ 1]);
    }
}

/// Returns the frame of a short write.
#[inline]
pub(super) fn short_line(short: &ShortWrite) -> Line<'_> {
    const { assert!(ShortWrite::BYTES_MAX <= Line::PAYLOAD_MAX) };
    Line::new(short.entry(), short.payload()).expect("a short write fits a line")
}

/// Tells whether a line is within the log's longest record.
#[inline]
pub(super) fn takes_lines(log: &Log) -> bool {
    log.record_bytes_max() as usize >= Line::bytes()
}
