//! Pages lent to the program's own work on the device.

use std::{fmt, ops::Range, sync::Arc};

use mmsb_gpu::{GpuError, wgpu};
use mmsb_types::{Epoch, PageId};

use super::{Mirror, MirrorError, Shared};
use crate::{Error, gpu::AnyEngine, wave::token};

/// A page's place in the device's memory, to be bound, drawn or copied from; made by [`Mirror::buffer`].
///
/// The page does not go from there while this lives, but for a page that is deleted, or a device that is lost. It is
/// to be read only: the mirror does not know of what others write, until it is [verified](Mirror::verify).
#[must_use = "dropping it lets the page go"]
pub struct Lent {
    shared: Arc<Shared>,
    page: PageId,
    epoch: Epoch,
    buffer: wgpu::Buffer,
    bytes: Range<u64>,
}

impl Mirror {
    /// Lends a page to the program's own work on the device: it is for a mirror on a device that is
    /// [given](crate::Gpu::given), since no other device knows the buffer.
    ///
    /// What the program submits to that device's queue sees every commit up to the epoch that was
    /// [waited for](Mirror::wait) before.
    ///
    /// # Errors
    /// [`MirrorError::NotMirrored`]; [`MirrorError::Device`] if there is no room for the page, or the host keeps the
    /// mirror; and those of [`Mirror::wait`].
    pub fn buffer(&self, page: PageId) -> Result<Lent, Error> {
        token::check()?;
        let mut state = self.shared.lock();
        state.fetch(&[page])?;
        let handle = state.pages().handle(page).ok_or(GpuError::NotThere { page })?;
        let (ops, epoch) = (state.pages().ops(), state.epoch());
        let place = mmsb_gpu::PageOps::slabs(ops).find(handle)?;
        let AnyEngine::Device(device) = ops.engine() else { return Err(no_buffers(ops.engine()).into()) };
        let buffer = device.slab(place.slab).ok_or(GpuError::NotThere { page })?.clone();
        let first = u64::from(place.first_word) * 4;
        let bytes = first..first + u64::from(place.page_bytes);
        state.pin(page);
        Ok(Lent { shared: Arc::clone(&self.shared), page, epoch, buffer, bytes })
    }
}

fn no_buffers(engine: &AnyEngine) -> MirrorError {
    let (device, what) = (engine.name().to_owned(), "buffers of a device's memory".to_owned());
    GpuError::Unsupported { device, what }.into()
}

impl Lent {
    /// Returns the buffer. It may be bound for storage, vertices and indices, and copied from.
    #[must_use]
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Returns where the page lies in the buffer, in bytes; the first one is a multiple of 256.
    #[must_use]
    pub fn bytes(&self) -> Range<u64> {
        self.bytes.clone()
    }

    /// Returns the mirror's epoch when the page was lent; the bytes go on with the mirror.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.shared.lock().unpin(self.page);
    }
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (page, epoch) = (&self.page, &self.epoch);
        f.debug_struct("Lent").field("page", page).field("epoch", epoch).finish_non_exhaustive()
    }
}
