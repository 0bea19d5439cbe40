//! The general way: pages created, deleted, named, read, captured, or written to twice in one place.

use std::sync::Arc;

use mmsb_delta::BatchView;
use mmsb_page::{Group, Need, NewPage};
use mmsb_tlog::Room;
use mmsb_types::Epoch;

use super::{Beside, Commit, Scratch, held::HeldPages, lock::lock_all, undo};
use crate::{
    Error, Transaction,
    bus::store_error,
    catalogue::CatalogueChange,
    graph::GraphChange,
    txn::{Detail, Life, TxPage},
    undo::{UndoRecord, UndoSize},
};

/// Races a capture may lose before its page is compared under the lock.
const LOST_RACES_MAX: u32 = 3;

/// What the commit changes beside pages, held from here to publication: first the graph, then the catalogue.
struct Changes<'c> {
    graph: Option<GraphChange<'c>>,
    names: Option<CatalogueChange<'c>>,
}

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

impl<'c> Commit<'c> {
    /// Publishes a transaction page by page.
    pub(super) fn general(
        &mut self,
        tx: &mut Transaction<'_>,
        scratch: &mut Scratch,
        nanos: Option<u64>,
    ) -> Result<Epoch, Error> {
        tx.make_detail()?;
        let Some(detail) = tx.detail() else { unreachable!("made just now") };
        let mut changes = self.changes(detail)?;
        let (source, graph) = (self.source.as_ref(), changes.graph.as_ref());
        let graph = graph.map_or(&[][..], GraphChange::events);
        scratch.encode_sections(
            &tx.draft,
            Beside { events: &detail.events, graph, cause: tx.draft.cause(), source, nanos },
        );
        let mut need = Need::default();
        detail.pages.iter().filter(|page| page.needs_lock()).for_each(|page| need.add(page.page_bytes));
        self.bus.stash(self.committer, need)?;
        let mut lost = 0;
        loop {
            let attempt = if lost < LOST_RACES_MAX {
                self.optimistic(detail, scratch, &mut changes)
            } else {
                self.locked(detail, scratch, &mut changes)
            };
            match attempt {
                Ok(epoch) => return Ok(epoch),
                Err(Failed::Lost) => lost += 1,
                Err(Failed::Refused(error)) => return Err(error),
            }
        }
    }

    /// Checks and prepares what changes beside pages.
    fn changes(&mut self, detail: &Detail<'_>) -> Result<Changes<'c>, Error> {
        let bus = self.bus;
        let is_pinned = |from, until| bus.store().is_pinned(from, until);
        let change = || bus.catalogue().change(&detail.events, is_pinned);
        let names = (!detail.events.is_empty()).then(change).transpose()?;
        Ok(Changes { graph: self.graph.take(), names })
    }

    /// Compares captured pages first, each by itself, and locks all then: the locks are short, the comparison
    /// may be in vain.
    fn optimistic(
        &mut self,
        detail: &Detail<'_>,
        scratch: &mut Scratch,
        changes: &mut Changes<'_>,
    ) -> Result<Epoch, Failed> {
        scratch.encode_unlocked(self.bus.store(), self.committer, detail, self.log.record_bytes_max())?;
        let room = self.log.room(scratch.frame.len())?;
        self.open_undo(detail, scratch, |batch| undo::of_batch(detail, batch), changes);
        let births = self.births(detail)?;
        let mut buffer = std::mem::take(&mut scratch.group);
        let mut group = Group::new(self.bus.store(), self.committer, &mut buffer);
        self.lock(detail, &mut group)?;
        if !scratch.still_current(&group) {
            return Err(Failed::Lost);
        }
        let epoch = self.finish(detail, scratch, room, group, births, changes);
        scratch.group = buffer;
        Ok(epoch)
    }

    /// Locks first and compares then: no race can be lost. All room there may be need for is taken before.
    fn locked(
        &mut self,
        detail: &Detail<'_>,
        scratch: &mut Scratch,
        changes: &mut Changes<'_>,
    ) -> Result<Epoch, Failed> {
        let bound = scratch.reserve_worst(detail, self.log.record_bytes_max());
        let room = self.log.room(bound)?;
        self.open_undo(detail, scratch, |_| undo::worst(detail), changes);
        let births = self.births(detail)?;
        let mut buffer = std::mem::take(&mut scratch.group);
        let mut group = Group::new(self.bus.store(), self.committer, &mut buffer);
        group.reserve(detail.pages.len());
        self.lock(detail, &mut group)?;
        scratch.encode_locked(detail, &group, self.log.record_bytes_max())?;
        let epoch = self.finish(detail, scratch, room, group, births, changes);
        scratch.group = buffer;
        Ok(epoch)
    }

    /// Makes room for what the commit will replace; not one byte of it may need more once it is reserved.
    fn open_undo(
        &self,
        detail: &Detail<'_>,
        scratch: &mut Scratch,
        runs: impl FnOnce(BatchView<'_>) -> undo::Runs,
        changes: &Changes<'_>,
    ) {
        let names = changes.names.as_ref().map_or([0; 2], |names| {
            let old = names.old().iter().filter_map(|(_, name)| name.as_deref());
            [names.old().len(), old.map(str::len).sum()]
        });
        let graph_bytes = changes.graph.as_ref().map_or(0, |graph| graph.before().bytes());
        let undo = self.bus.undo();
        let runs = if undo.is_off() { undo::Runs::default() } else { runs(scratch.batch.view()) };
        undo.open(&mut scratch.undo, UndoSize { graph_bytes, ..undo::size(detail, runs, names) });
    }

    fn births(&self, detail: &Detail<'_>) -> Result<Vec<NewPage<'c>>, Error> {
        let born = detail.pages.iter().filter(|page| page.life == Life::Born);
        let prepare = |page: &TxPage<'_>| self.bus.store().prepare(page.page, page.page_bytes);
        born.map(|page| prepare(page).map_err(store_error)).collect()
    }

    /// Locks the pages that lived before; checks that every one read, or expected to be as it was, is.
    fn lock(&self, detail: &Detail<'_>, group: &mut Group<'_>) -> Result<(), Error> {
        let locked = || detail.pages.iter().filter(|page| page.needs_lock());
        let pages: Vec<_> = locked().map(|page| (page.page, page.page_bytes)).collect();
        lock_all(self.bus.bulk_ticket(), group, pages.iter().copied(), &mut Vec::new())?;
        for (index, page) in locked().enumerate() {
            let changed = page.expected.is_some_and(|epoch| epoch != group.epoch(index));
            if changed || group.page_bytes(index) != page.page_bytes {
                return Err(Error::Conflict { page: page.page });
            }
        }
        Ok(())
    }

    /// Steps 3 and 4. From the reservation on nothing allocates, waits or fails.
    fn finish(
        &mut self,
        detail: &Detail<'_>,
        scratch: &mut Scratch,
        room: Room<'_>,
        group: Group<'_>,
        births: Vec<NewPage<'_>>,
        changes: &mut Changes<'_>,
    ) -> Epoch {
        let frame_bytes = scratch.frame.len();
        let mut held = HeldPages::new(detail, births, &scratch.changed);
        let reservation = self.log.reserve(room, frame_bytes);
        let epoch = Epoch::new(reservation.number());
        self.bus.note_epoch(self.committer, epoch);
        if let Some(marks) = &self.bus.inner().state_marks
            && detail.pages.iter().any(|page| page.life == Life::Dead)
        {
            marks.count_death();
        }
        let mut writer = group.into_writer();
        writer.preserve(held.changing(), epoch);
        held.store(self.bus.store(), &mut writer, scratch.batch.view(), &mut scratch.undo);
        held.publish(writer, epoch);
        changes.publish(epoch, scratch.undo.record());
        self.log.publish(reservation, &mut scratch.frame);
        self.bus.undo().keep(epoch, &mut scratch.undo);
        self.bus.count_commit(self.committer, scratch.batch.view(), frame_bytes);
        self.source.iter_mut().for_each(|source| source.set_published(epoch));
        epoch
    }
}

impl Changes<'_> {
    /// Lets everyone see them as of `epoch`; what they replaced goes to the undo record.
    fn publish(&mut self, epoch: Epoch, mut undo: Option<&mut UndoRecord>) {
        if let Some(names) = &mut self.names {
            if let Some(record) = &mut undo {
                names.drain_old(|(page, name)| record.push_name(page, name));
            }
            names.publish(epoch);
        }
        if let Some(graph) = &mut self.graph {
            if let Some(record) = undo {
                record.set_graph(Arc::clone(graph.before()));
            }
            graph.publish(epoch);
        }
    }
}
