//! The pages of a general commit past the point of no return: held, written, published.

use mmsb_delta::{BatchView, Patch};
use mmsb_page::{GroupWriter, NewPage, PageStore};
use mmsb_types::{Epoch, PageId};

use crate::{
    txn::{Detail, Life},
    undo::{UndoDraft, UndoRecord},
};

/// How many patches ahead the memory is asked for what they replace.
const AHEAD: usize = 16;

/// The pages of a commit, in the transaction's order.
pub(super) struct HeldPages<'a> {
    pages: Vec<Held<'a>>,
}

/// One page, and what becomes of it.
struct Held<'a> {
    page: PageId,
    state: State<'a>,
}

/// The number is that of the page's record in the group; records are in the same order.
enum State<'a> {
    /// Only read, or captured as it was: let go unchanged.
    Kept,
    /// Changed.
    Written(usize),
    /// Deleted.
    Dying(usize),
    /// Created.
    Born(NewPage<'a>),
}

impl<'a> HeldPages<'a> {
    /// Says what becomes of each page; `changed` goes by the transaction's pages.
    pub(super) fn new(detail: &Detail<'_>, births: Vec<NewPage<'a>>, changed: &[bool]) -> Self {
        let (mut records, mut births) = (0.., births.into_iter());
        let mut pages = Vec::with_capacity(detail.pages.len());
        for (page, &changed) in detail.pages.iter().zip(changed) {
            let record = if page.needs_lock() { records.next() } else { None };
            let state = match (page.life, record) {
                (Life::Born, _) => births.next().map(State::Born),
                (_, None) => None,
                (Life::Dead, Some(record)) => Some(State::Dying(record)),
                (Life::Old, Some(record)) if changed => Some(State::Written(record)),
                (Life::Old, Some(_)) => Some(State::Kept),
            };
            pages.extend(state.map(|state| Held { page: page.page, state }));
        }
        Self { pages }
    }

    /// Visits the records of pages that change, each with its page.
    pub(super) fn changing(&self) -> impl Iterator<Item = (usize, PageId)> {
        self.pages.iter().filter_map(|held| match held.state {
            State::Written(record) | State::Dying(record) => Some((record, held.page)),
            State::Kept | State::Born(_) => None,
        })
    }

    /// Stores the batch's bytes. Its patches stand in the order of the pages, once compact, once wide.
    pub(super) fn store(
        &mut self,
        pages: &PageStore,
        writer: &mut GroupWriter<'_>,
        batch: BatchView<'_>,
        undo: &mut UndoDraft,
    ) {
        let mut undo = undo.record();
        if let Some(record) = &mut undo {
            self.pages.iter().for_each(|page| page.save_life(writer, record));
        }
        let (mut at, mut ahead) = (0, ask_ahead(pages, batch));
        for (page, patch) in batch.iter() {
            ahead.next();
            while self.pages[at].page != page {
                at = (at + 1) % self.pages.len();
            }
            match &mut self.pages[at].state {
                State::Written(index) => {
                    if let Some(record) = &mut undo {
                        let span = patch.span();
                        record.push_run(page, span.offset, writer.bytes(*index, span));
                    }
                    store(writer, *index, patch);
                }
                State::Born(birth) => store_born(birth, patch),
                State::Kept | State::Dying(_) => unreachable!("only changed pages are in the batch"),
            }
        }
    }

    /// Lets everyone see the pages as of `epoch`.
    pub(super) fn publish(self, mut writer: GroupWriter<'_>, epoch: Epoch) {
        for Held { page, state } in self.pages {
            match state {
                State::Kept => writer.publish_unchanged(),
                State::Written(_) => writer.publish(1, epoch),
                State::Dying(_) => writer.retire(page, epoch),
                State::Born(birth) => birth.publish(epoch),
            }
        }
    }
}

impl Held<'_> {
    fn save_life(&self, writer: &GroupWriter<'_>, record: &mut UndoRecord) {
        match &self.state {
            State::Dying(index) => record.push_death(self.page, writer.whole(*index)),
            State::Born(birth) => record.push_birth(birth.page()),
            State::Kept | State::Written(_) => {}
        }
    }
}

/// Asks the memory, patch by patch, for what one some patches on replaces.
fn ask_ahead<'p>(pages: &'p PageStore, batch: BatchView<'p>) -> impl Iterator<Item = ()> {
    let mut far = batch.iter().skip(2 * AHEAD);
    batch.iter().skip(AHEAD).map(move |(page, patch)| {
        if let Some((page, _)) = far.next() {
            pages.prefetch(page);
        }
        pages.prefetch_bytes(page, patch.span().offset, patch.span().len as usize);
    })
}

/// Stores a patch into the page of a record.
#[inline(always)]
pub(super) fn store(writer: &mut GroupWriter<'_>, record: usize, patch: Patch<'_>) {
    match patch {
        Patch::Bytes { offset, bytes } => writer.write(record, offset, bytes),
        Patch::Page { bytes } => writer.write(record, 0, bytes),
        Patch::Fill { byte, .. } | Patch::PageFill { byte, .. } => writer.fill(record, patch.span(), byte),
    }
}

/// Stores a patch into the page of a record; adds what was there to `undo`, whose entry stands there already.
#[inline(always)]
pub(super) fn replace(writer: &mut GroupWriter<'_>, record: usize, patch: Patch<'_>, undo: &mut UndoRecord) {
    if let Patch::Bytes { offset, bytes } = patch {
        return writer.replace(record, offset, bytes, |old| undo.push_old(old));
    }
    undo.push_old(writer.bytes(record, patch.span()));
    store(writer, record, patch);
}

fn store_born(birth: &mut NewPage<'_>, patch: Patch<'_>) {
    match patch {
        Patch::Bytes { bytes, .. } | Patch::Page { bytes } => birth.write(patch.span().offset, bytes),
        Patch::Fill { byte, .. } | Patch::PageFill { byte, .. } => birth.fill(patch.span(), byte),
    }
}
