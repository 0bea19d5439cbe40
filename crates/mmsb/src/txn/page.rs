//! What a transaction holds about one page.

use mmsb_delta::Delta;
use mmsb_types::{Epoch, PageId, Span};

use super::{image::Image, short::ShortRun};

/// One page's part of a transaction.
#[derive(Debug)]
pub(crate) struct TxPage<'i> {
    pub(crate) page: PageId,
    pub(crate) page_bytes: u32,
    pub(crate) life: Life,
    /// The transaction created it, whatever it did then.
    pub(crate) born: bool,
    /// The epoch the page must still have at the commit, because it was read or the caller said so.
    pub(crate) expected: Option<Epoch>,
    /// The transaction changes its name.
    pub(crate) named: bool,
    pub(crate) change: Change<'i>,
}

/// Where the page is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// It lived before the transaction.
    Old,
    /// The transaction creates it.
    Born,
    /// The transaction deletes it.
    Dead,
}

/// What becomes of the page's bytes.
#[derive(Debug)]
pub(crate) enum Change<'i> {
    /// Nothing.
    None,
    /// This short run.
    Short(ShortRun),
    /// These runs.
    Writes(Delta),
    /// All of it, to be compared with what is there.
    Image(Image<'i>),
}

impl<'i> TxPage<'i> {
    pub(crate) fn new(page: PageId, page_bytes: u32, life: Life) -> Self {
        let (born, change) = (life == Life::Born, Change::None);
        Self { page, page_bytes, life, born, expected: None, named: false, change }
    }

    /// Tells whether the commit must hold the page.
    ///
    /// Not a page that nobody else has ever seen, nor one that was only touched by calls that failed.
    pub(crate) fn needs_lock(&self) -> bool {
        let changes = self.named || self.life == Life::Dead || !matches!(self.change, Change::None);
        !self.born && (changes || self.expected.is_some())
    }

    /// Lays bytes over what the transaction holds so far.
    pub(super) fn overwrite(&mut self, offset: u32, bytes: &[u8]) {
        match &mut self.change {
            Change::Image(image) => {
                image.to_mut()[offset as usize..][..bytes.len()].copy_from_slice(bytes);
            }
            Change::Writes(delta) => delta.overwrite(offset, bytes),
            Change::Short(run) => {
                let mut delta = run.to_delta();
                delta.overwrite(offset, bytes);
                self.change = Change::Writes(delta);
            }
            Change::None => self.change = first(offset, bytes),
        }
    }

    /// Lays one repeated byte over what the transaction holds so far, as plain writes only.
    pub(super) fn fill(&mut self, span: Span, byte: u8) {
        let mut delta = match std::mem::replace(&mut self.change, Change::None) {
            Change::Writes(delta) => delta,
            Change::Short(run) => run.to_delta(),
            Change::None | Change::Image(_) => Delta::default(),
        };
        delta.fill(span, byte);
        self.change = Change::Writes(delta);
    }

    /// Replaces what the transaction holds by a whole image.
    pub(super) fn set_image(&mut self, image: Image<'i>) {
        self.change = Change::Image(image);
    }

    /// Lays the transaction's own writes over bytes read from `offset`.
    pub(crate) fn read_over(&self, offset: u32, buffer: &mut [u8]) {
        match &self.change {
            Change::None => {}
            Change::Short(run) => run.read_over(offset, buffer),
            Change::Writes(delta) => delta.read_over(offset, buffer),
            Change::Image(image) => buffer.copy_from_slice(&image[offset as usize..][..buffer.len()]),
        }
    }
}

/// Keeps the first bytes written to a page.
fn first<'i>(offset: u32, bytes: &[u8]) -> Change<'i> {
    ShortRun::of(offset, bytes).map_or_else(
        || {
            let mut delta = Delta::with_capacity(1, bytes.len());
            delta.overwrite(offset, bytes);
            Change::Writes(delta)
        },
        Change::Short,
    )
}
