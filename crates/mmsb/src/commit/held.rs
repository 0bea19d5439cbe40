//! The pages of a commit past the point of no return: locked, written, published.

use mmsb_delta::{BatchView, Patch};
use mmsb_page::{NewPage, PageLock, PageWriter};
use mmsb_types::Epoch;

use crate::{
    Transaction,
    txn::Life,
    undo::{UndoDraft, UndoRecord},
};

/// The pages of a commit, in the transaction's order.
pub(super) struct HeldPages<'a> {
    pages: Vec<Held<'a>>,
}

enum Held<'a> {
    /// Only read, or captured as it was: let go unchanged.
    Locked(PageLock<'a>),
    /// Changed.
    Writing(PageWriter<'a>),
    /// Deleted.
    Dying(PageWriter<'a>),
    /// Created.
    Born(NewPage<'a>),
}

impl<'a> HeldPages<'a> {
    /// Turns locks of changed pages into the right to write; `changed` goes by the transaction's pages.
    pub(super) fn new(
        tx: &Transaction<'_>,
        locks: Vec<PageLock<'a>>,
        births: Vec<NewPage<'a>>,
        changed: &[bool],
    ) -> Self {
        let (mut locks, mut births) = (locks.into_iter(), births.into_iter());
        let mut pages = Vec::with_capacity(tx.pages.len());
        for (page, &changed) in tx.pages.iter().zip(changed) {
            let held = match page.life {
                Life::Born => births.next().map(Held::Born),
                _ if !page.needs_lock() => None,
                Life::Dead => locks.next().map(|lock| Held::Dying(lock.into_writer())),
                Life::Old if changed => locks.next().map(|lock| Held::Writing(lock.into_writer())),
                Life::Old => locks.next().map(Held::Locked),
            };
            pages.extend(held);
        }
        Self { pages }
    }

    /// Stores the batch's bytes. Its patches stand in the order of the pages, once compact, once wide.
    pub(super) fn store(&mut self, batch: BatchView<'_>, undo: &mut UndoDraft) {
        let mut undo = undo.record();
        if let Some(record) = &mut undo {
            self.pages.iter().for_each(|page| page.save_life(record));
        }
        let mut at = 0;
        for (page, patch) in batch.iter() {
            while self.pages[at].page() != page {
                at = (at + 1) % self.pages.len();
            }
            if let (Some(record), Held::Writing(writer)) = (&mut undo, &self.pages[at]) {
                let span = patch.span();
                record.push_run(page, span.offset, &writer.bytes()[span.range()]);
            }
            self.pages[at].store(patch);
        }
    }

    /// Lets everyone see the pages as of `epoch`.
    pub(super) fn publish(self, epoch: Epoch) {
        for held in self.pages {
            match held {
                Held::Locked(lock) => drop(lock),
                Held::Writing(writer) => writer.publish(epoch),
                Held::Dying(writer) => writer.retire(epoch),
                Held::Born(birth) => birth.publish(epoch),
            }
        }
    }
}

impl Held<'_> {
    fn page(&self) -> mmsb_types::PageId {
        match self {
            Self::Locked(lock) => lock.page(),
            Self::Writing(writer) | Self::Dying(writer) => writer.page(),
            Self::Born(birth) => birth.page(),
        }
    }

    fn save_life(&self, record: &mut UndoRecord) {
        match self {
            Self::Dying(writer) => record.push_death(writer.page(), writer.bytes()),
            Self::Born(birth) => record.push_birth(birth.page()),
            Self::Locked(_) | Self::Writing(_) => {}
        }
    }

    fn store(&mut self, patch: Patch<'_>) {
        let span = patch.span();
        match (self, patch) {
            (Self::Writing(to), Patch::Bytes { bytes, .. } | Patch::Page { bytes }) => {
                to.write(span.offset, bytes)
            }
            (Self::Writing(to), Patch::Fill { byte, .. } | Patch::PageFill { byte, .. }) => {
                to.fill(span, byte)
            }
            (Self::Born(to), Patch::Bytes { bytes, .. } | Patch::Page { bytes }) => {
                to.write(span.offset, bytes)
            }
            (Self::Born(to), Patch::Fill { byte, .. } | Patch::PageFill { byte, .. }) => to.fill(span, byte),
            (Self::Locked(_) | Self::Dying(_), _) => unreachable!("only changed pages are in the batch"),
        }
    }
}
