//! From batches in log order to a plan: each touched word once, with what it is at the end.
//!
//! 1. Patches are cut at lines of 64 bytes into pieces that hold their bytes, or remember where they are.
//! 2. Pieces are sorted by line; those of one line keep the log's order.
//! 3. Each line's pieces are laid over one another, and the line is put into the plan: as word ops, or, with four
//!    lines or more that lie together and are touched at more than half of their words, as a stretch.
//!
//! So order and overlaps are resolved here, and whoever applies the plan may do it in any order.
//!
//! Invariant: no word is in a plan twice.

mod emit;
mod piece;
mod sort;

use mmsb_delta::{BatchView, Misfit, Patch, compact_patch, compact_run};
use mmsb_types::{PageId, Span};

use crate::{PageHandle, Place, Plan, PlanError, Slabs};
use emit::Emitter;
use piece::{HELD_BYTES, Piece, low_bytes};

/// Words of a line.
pub(crate) const LINE_WORDS: u32 = 16;
/// Bytes of a line.
const LINE_BYTES: u32 = 64;
/// Payload that a plan takes, in bytes (1 GiB).
const PAYLOAD_BYTES_MAX: u64 = 1 << 30;

/// Turns batches into plans. It keeps its memory from one to the next.
///
/// ```
/// use mmsb_delta::{DeltaBatch, Patch};
/// use mmsb_gpu::{Coalescer, CpuOps, PageOps};
/// use mmsb_types::PageId;
///
/// let mut ops = CpuOps::new(1 << 20, 1 << 24);
/// let mirror = ops.create(4096)?;
/// let (mut first, mut second) = (DeltaBatch::default(), DeltaBatch::default());
/// first.push(PageId::new(7), Patch::Bytes { offset: 6, bytes: b"older" });
/// second.push(PageId::new(7), Patch::Bytes { offset: 8, bytes: b"new" });
///
/// let mut coalescer = Coalescer::default();
/// let plan = coalescer.plan(ops.slabs(), &[first.view(), second.view()], |_| Some(mirror))?;
/// assert_eq!(plan.word_ops().len(), 2, "bytes 4..8 and 8..12 of the slab");
/// ops.apply(plan)?;
/// assert_eq!(&ops.read(mirror)?[6..11], b"olnew");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Coalescer {
    payload: Vec<u8>,
    pieces: Vec<Piece>,
    spare: Vec<Piece>,
    plan: Plan,
}

impl Coalescer {
    /// Plans batches, given in log order. `mirror_of` gives a page's handle; pages that have none are left out.
    /// The plan serves until a page of `slabs` is freed.
    ///
    /// # Errors
    /// A patch does not fit its page, a handle is stale, or the batches are too long for one plan.
    ///
    /// # Cost
    /// O(patches + payload bytes); allocates only while batches grow.
    pub fn plan(
        &mut self,
        slabs: &Slabs,
        batches: &[BatchView<'_>],
        mirror_of: impl Fn(PageId) -> Option<PageHandle>,
    ) -> Result<&Plan, PlanError> {
        self.clear(batches)?;
        for batch in batches {
            self.cut(slabs, *batch, &mirror_of)?;
        }
        sort::by_line(&mut self.pieces, &mut self.spare);
        self.plan.clear(slabs.layout(), slabs.slab_words());
        let mut emitter = Emitter::new(&mut self.plan);
        emitter.pieces(&self.pieces, &self.payload);
        emitter.finish();
        Ok(&self.plan)
    }

    fn clear(&mut self, batches: &[BatchView<'_>]) -> Result<(), PlanError> {
        self.payload.clear();
        self.pieces.clear();
        let payload_bytes = batches.iter().map(|batch| batch.payload_bytes() as u64).sum();
        if payload_bytes > PAYLOAD_BYTES_MAX {
            return Err(PlanError::TooLong { payload_bytes, limit_bytes: PAYLOAD_BYTES_MAX });
        }
        self.pieces.reserve(batches.iter().map(BatchView::len).sum());
        Ok(())
    }

    /// Cuts a batch's patches into pieces, short runs straight from their entries.
    fn cut(
        &mut self,
        slabs: &Slabs,
        batch: BatchView<'_>,
        mirror_of: impl Fn(PageId) -> Option<PageHandle>,
    ) -> Result<(), PlanError> {
        let [_, _, mut payload, _] = batch.columns();
        for entry in batch.compact_entries() {
            if let Some((page, span, value)) = short_run(*entry, payload) {
                payload = &payload[span.len as usize..];
                let Some(place) = locate(slabs, page, &mirror_of)? else { continue };
                self.push_short(slabs, page, place, span, value)?;
            } else if let Some((page, patch, behind)) = compact_patch(*entry, payload) {
                payload = behind;
                self.cut_patch(slabs, page, &patch, &mirror_of)?;
            }
        }
        let wide = if batch.wide_count() > 0 { batch.compact_count() } else { return Ok(()) };
        batch.iter().skip(wide).try_for_each(|(page, patch)| self.cut_patch(slabs, page, &patch, &mirror_of))
    }

    /// Adds one piece, or two if the bytes pass a line's end.
    #[inline]
    fn push_short(
        &mut self,
        slabs: &Slabs,
        page: PageId,
        place: Place,
        span: Span,
        value: u64,
    ) -> Result<(), PlanError> {
        if !span.fits(place.page_bytes) {
            return Err(misfit(page, place, span));
        }
        let line = first_line(slabs, place) + span.offset / LINE_BYTES;
        let (start, len) = (span.offset % LINE_BYTES, span.len);
        if start + len <= LINE_BYTES {
            self.pieces.push(Piece::held(line, start, len, value));
        } else {
            let here = LINE_BYTES - start;
            self.pieces.push(Piece::held(line, start, here, value & low_bytes(here)));
            self.pieces.push(Piece::held(line + 1, 0, len - here, value >> (8 * here)));
        }
        Ok(())
    }

    /// Cuts a patch of any length.
    fn cut_patch(
        &mut self,
        slabs: &Slabs,
        page: PageId,
        patch: &Patch<'_>,
        mirror_of: impl Fn(PageId) -> Option<PageHandle>,
    ) -> Result<(), PlanError> {
        if let Some(place) = locate(slabs, page, mirror_of)? {
            patch.fits(place.page_bytes).map_err(|source| PlanError::Misfit { page, source })?;
            self.push_long(first_line(slabs, place), patch);
        }
        Ok(())
    }

    /// Adds one piece for each line that the patch touches.
    fn push_long(&mut self, base: u32, patch: &Patch<'_>) {
        let (span, mut at) = (patch.span(), self.payload.len());
        match *patch {
            Patch::Bytes { bytes, .. } | Patch::Page { bytes } => self.payload.extend_from_slice(bytes),
            // All pieces of a fill begin at its first byte.
            Patch::Fill { byte, .. } | Patch::PageFill { byte, .. } => {
                self.payload.extend([byte; LINE_BYTES as usize])
            }
        }
        let step = usize::from(matches!(patch, Patch::Bytes { .. } | Patch::Page { .. }));
        let (mut offset, end) = (span.offset, span.end() as u32);
        while offset < end {
            let start = offset % LINE_BYTES;
            let len = (end - offset).min(LINE_BYTES - start);
            let bytes = &self.payload[at..at + len as usize];
            self.pieces.push(Piece::of(base + offset / LINE_BYTES, start, at, bytes));
            offset += len;
            at += len as usize * step;
        }
    }
}

/// Returns page, run and bytes of an entry if they are few, as most are. Eight bytes are read of the payload, whatever
/// comes behind.
#[inline]
fn short_run(entry: [u8; 8], payload: &[u8]) -> Option<(PageId, Span, u64)> {
    let (page, span) = compact_run(entry)?;
    let bytes = payload.first_chunk().filter(|_| span.len <= HELD_BYTES)?;
    Some((page, span, u64::from_le_bytes(*bytes) & low_bytes(span.len)))
}

#[cold]
const fn misfit(page: PageId, place: Place, span: Span) -> PlanError {
    PlanError::Misfit { page, source: Misfit::OutOfBounds { span, page_bytes: place.page_bytes } }
}

/// Returns the page's first line, counted over all slabs.
#[inline]
const fn first_line(slabs: &Slabs, place: Place) -> u32 {
    place.slab * (slabs.slab_words() / LINE_WORDS) + place.first_word / LINE_WORDS
}

#[inline]
fn locate(
    slabs: &Slabs,
    page: PageId,
    mirror_of: impl Fn(PageId) -> Option<PageHandle>,
) -> Result<Option<Place>, PlanError> {
    let Some(handle) = mirror_of(page) else { return Ok(None) };
    slabs.place(handle).map(Some).ok_or(PlanError::Stale { page, handle })
}
