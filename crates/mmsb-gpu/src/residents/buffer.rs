//! Pages lent to a caller's own work on the device.

use std::ops::Range;

use mmsb_types::PageId;

use super::Residents;
use crate::GpuOps;

impl Residents<GpuOps> {
    /// Returns the buffer in which a page lies and where, in bytes, as [`GpuOps::buffer`] does, if the device has
    /// it. It is to be read only, and the place is good until a call that brings, moves or gives up pages.
    pub fn buffer(&self, page: PageId) -> Option<(&wgpu::Buffer, Range<u64>)> {
        self.ops.buffer(self.handle(page)?).ok()
    }
}
