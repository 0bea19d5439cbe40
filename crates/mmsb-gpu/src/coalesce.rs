//! From batches in log order to a plan: each touched word once, with what it is at the end.
//!
//! 1. Patches are cut at lines of 64 bytes into pieces that remember where their bytes are.
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

use mmsb_delta::{BatchView, Patch};
use mmsb_types::PageId;

use crate::{PageHandle, Place, Plan, PlanError, Slabs};
use emit::Emitter;
use piece::Piece;

/// Words of a line.
pub(crate) const LINE_WORDS: u32 = 16;
/// Bytes of a line.
const LINE_BYTES: u32 = 64;
/// Bytes behind the payload, so that eight may be read from wherever a piece begins.
const SPARE_BYTES: usize = 8;
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
        self.payload.extend_from_slice(&[0; SPARE_BYTES]);
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
        self.payload.reserve(payload_bytes as usize);
        self.pieces.reserve(batches.iter().map(BatchView::len).sum());
        Ok(())
    }

    /// Cuts a batch's patches into pieces; the payload is copied as one.
    fn cut(
        &mut self,
        slabs: &Slabs,
        batch: BatchView<'_>,
        mirror_of: impl Fn(PageId) -> Option<PageHandle>,
    ) -> Result<(), PlanError> {
        let at = self.payload.len() as u32;
        let [_, _, compact, wide] = batch.columns();
        self.payload.extend_from_slice(compact);
        self.payload.extend_from_slice(wide);
        // Almost every batch has compact entries only, and no look at each whether the wide ones begin.
        if batch.wide_count() == 0 {
            self.cut_patches(slabs, batch.compact_iter(), at, mirror_of)
        } else {
            self.cut_patches(slabs, batch.iter(), at, mirror_of)
        }
    }

    #[inline]
    fn cut_patches<'a>(
        &mut self,
        slabs: &Slabs,
        patches: impl Iterator<Item = (PageId, Patch<'a>)>,
        mut at: u32,
        mirror_of: impl Fn(PageId) -> Option<PageHandle>,
    ) -> Result<(), PlanError> {
        for (page, patch) in patches {
            if let Some(place) = locate(slabs, page, &mirror_of)? {
                let base = place.slab * (slabs.slab_words() / LINE_WORDS) + place.first_word / LINE_WORDS;
                if let Some(piece) = short_piece(place, base, &patch, at) {
                    self.pieces.push(piece);
                } else {
                    patch.fits(place.page_bytes).map_err(|source| PlanError::Misfit { page, source })?;
                    self.push(base, &patch, at);
                }
            }
            at += patch.payload_bytes() as u32;
        }
        Ok(())
    }

    /// Adds one piece for each line that the patch touches.
    fn push(&mut self, base: u32, patch: &Patch<'_>, at: u32) {
        let (span, is_fill) = (patch.span(), matches!(patch, Patch::Fill { .. } | Patch::PageFill { .. }));
        let (mut offset, mut at, end) = (span.offset, at, span.end() as u32);
        while offset < end {
            let line_end = (offset / LINE_BYTES + 1) * LINE_BYTES;
            let len = end.min(line_end) - offset;
            self.pieces.push(Piece::new(base + offset / LINE_BYTES, at, offset % LINE_BYTES, len, is_fill));
            offset += len;
            at += if is_fill { 0 } else { len };
        }
    }
}

/// Returns the piece of a patch of bytes that fits its page and one line, as most do.
#[inline]
fn short_piece(place: Place, base: u32, patch: &Patch<'_>, at: u32) -> Option<Piece> {
    let Patch::Bytes { offset, bytes } = *patch else { return None };
    let (start, len) = (offset % LINE_BYTES, bytes.len() as u64);
    let fits = u64::from(offset) + len <= u64::from(place.page_bytes);
    let is_short = u64::from(start) + len <= u64::from(LINE_BYTES) && len > 0;
    (fits && is_short).then(|| Piece::new(base + offset / LINE_BYTES, at, start, len as u32, false))
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
