//! Buffers that a thread's commits use again and again.
//!
//! Invariant: between commits they take at most [`IDLE_BYTES_MAX`] and [`IDLE_FRAME_BYTES_MAX`].

use std::{
    cell::Cell,
    ops::{Deref, DerefMut},
};

use mmsb_delta::DeltaBatch;
use mmsb_page::GroupBuf;
use mmsb_tlog::{FrameBuf, SectionBuf, SectionKind};
use mmsb_types::{Epoch, GraphEvent, PageEvent, Span, limits::PAGE_BYTES_MAX};

use super::{many::ManyScratch, overlap::Overlaps};
use crate::{info::rewind_cause, interner::SourceLoan, txn::Draft, undo::UndoDraft};

/// What a thread's buffers may hold when no commit is under way, in bytes: enough to capture a page of any
/// length again and again.
const IDLE_BYTES_MAX: usize = 4 * PAGE_BYTES_MAX as usize;
/// The longest frame's buffer that is kept. One that went into a box left a drained one here, or none.
const IDLE_FRAME_BYTES_MAX: usize = 256 << 10;

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// The buffers.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) frame: FrameBuf,
    pub(super) sections: SectionBuf,
    pub(super) group: GroupBuf,
    /// Runs whose page came before in the same commit.
    pub(super) again: Vec<u32>,
    pub(super) overlaps: Overlaps,
    pub(crate) batch: DeltaBatch,
    pub(super) undo: UndoDraft,
    /// For each page of the transaction: its bytes change.
    pub(crate) changed: Vec<bool>,
    pub(super) old: Vec<u8>,
    pub(super) runs: Vec<Span>,
    /// For each locked page: the epoch whose bytes it was compared with.
    pub(super) compared: Vec<Option<Epoch>>,
    section: Vec<u8>,
    pub(super) many: ManyScratch,
}

/// What a commit says beside its deltas and its draft.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'s> {
    pub(crate) events: &'s [PageEvent],
    pub(crate) graph: &'s [GraphEvent],
    /// Why the commit computed pages; empty if it did not.
    pub(crate) cause: &'s [u8],
    pub(crate) source: Option<&'s SourceLoan<'s>>,
    pub(crate) nanos: Option<u64>,
}

/// The thread's buffers, given back when dropped.
pub(crate) struct PooledScratch(Option<Box<Scratch>>);

impl PooledScratch {
    /// Takes the thread's buffers, if they are there.
    pub(crate) fn new() -> Self {
        Self(Some(SCRATCH.try_with(Cell::take).ok().flatten().unwrap_or_default()))
    }
}

impl Deref for PooledScratch {
    type Target = Scratch;

    fn deref(&self) -> &Scratch {
        self.0.as_deref().expect("only dropping takes the buffers out")
    }
}

impl DerefMut for PooledScratch {
    fn deref_mut(&mut self) -> &mut Scratch {
        self.0.as_deref_mut().expect("only dropping takes the buffers out")
    }
}

impl Drop for PooledScratch {
    fn drop(&mut self) {
        if let Some(mut scratch) = self.0.take() {
            scratch.shrink();
            // A thread that commits while it ends may have lost its place already.
            let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
        }
    }
}

impl Scratch {
    /// Lays out everything but the deltas. Kinds rise.
    pub(crate) fn encode_sections(&mut self, draft: &Draft, beside: Beside<'_>) {
        self.sections.clear();
        let Beside { events, graph, source, cause, nanos } = beside;
        self.push_section(SectionKind::PAGE_EVENTS, !events.is_empty(), |out| {
            events.iter().for_each(|event| event.encode(out));
        });
        self.push_section(SectionKind::GRAPH_EVENTS, !graph.is_empty(), |out| {
            graph.iter().for_each(|event| event.encode(out));
        });
        if let Some(source) = source {
            self.push_section(SectionKind::SOURCE, !source.is_empty(), |out| source.encode(out));
        }
        match draft.rewinds_to() {
            Some(epoch) => self.sections.push(SectionKind::CAUSE, &rewind_cause(epoch)),
            None if cause.is_empty() => {}
            None => self.sections.push(SectionKind::CAUSE, cause),
        }
        if let Some(nanos) = nanos {
            self.sections.push(SectionKind::TIMESTAMP, &nanos.to_le_bytes());
        }
        if let Some(label) = draft.label() {
            self.sections.push(SectionKind::LABEL, &label.get().to_le_bytes());
        }
    }

    #[inline]
    fn push_section(&mut self, kind: SectionKind, is_there: bool, encode: impl FnOnce(&mut Vec<u8>)) {
        if is_there {
            self.section.clear();
            encode(&mut self.section);
            self.sections.push(kind, &self.section);
        }
    }

    /// Gives memory back after a commit that was much larger than most.
    fn shrink(&mut self) {
        if self.frame.capacity() > IDLE_FRAME_BYTES_MAX {
            self.frame = FrameBuf::default();
        }
        if self.bytes() > IDLE_BYTES_MAX {
            *self = Self::default();
        }
    }

    fn bytes(&self) -> usize {
        let [compact, wide, compact_payload, wide_payload] = self.batch.capacities();
        let batch = compact * 8 + wide * 24 + compact_payload + wide_payload;
        let group = self.group.capacity_bytes() + self.again.capacity() * 4 + self.overlaps.capacity_bytes();
        batch + group + self.old.capacity() + self.section.capacity() + self.runs.capacity() * 8
    }
}
