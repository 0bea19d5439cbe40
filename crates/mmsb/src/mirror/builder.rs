//! How a mirror begins.

use std::sync::Arc;

use mmsb_tlog::LogError;
use mmsb_types::env;

use super::{
    Mirror, PageFilter, Shared,
    follow::{self, Ending},
    state::State,
};
use crate::{Bus, Error, Gpu, sync::Mutex, wave::token};

/// How long slabs are, if not said (64 MiB).
const SLAB_BYTES: u64 = 64 << 20;
/// What a mirror may take, if not said (1 GiB).
const BUDGET_BYTES: u64 = 1 << 30;

/// How pages are to be mirrored; made by [`Bus::mirror`].
#[derive(Debug)]
#[must_use = "a mirror begins once it is started"]
pub struct MirrorBuilder<'b> {
    bus: &'b Bus,
    filter: PageFilter,
    pub(super) gpu: Gpu,
    pub(super) slab_bytes: u64,
    pub(super) budget_bytes: u64,
}

impl Bus {
    /// Begins to mirror the pages that the filter says, on [`Gpu::auto`] if nothing else is [said](MirrorBuilder::on).
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// use mmsb::{Gpu, PageFilter};
    ///
    /// let bus = mmsb::Bus::in_memory()?;
    /// let field = bus.create_page("field", 4096)?;
    /// let mirror = bus.mirror(PageFilter::all()).on(Gpu::host()).start()?;
    /// let before = mirror.freeze()?;                         // a copy, on the device
    /// let epoch = bus.write(field, 100, b"life")?.epoch;
    /// mirror.wait(epoch)?;
    /// assert_eq!(&mirror.page(field)?.bytes[100..104], b"life");
    /// let changed = mirror.diff(&before)?;                   // compared there, too
    /// assert_eq!(changed.pages[0].1.bytes_changed(), 4);
    /// assert!(mirror.verify()?.is_equal());
    /// # Ok(())
    /// # }
    /// ```
    pub fn mirror(&self, filter: impl Into<PageFilter>) -> MirrorBuilder<'_> {
        let (filter, gpu) = (filter.into(), Gpu::auto());
        MirrorBuilder { bus: self, filter, gpu, slab_bytes: SLAB_BYTES, budget_bytes: BUDGET_BYTES }
    }
}

impl MirrorBuilder<'_> {
    /// Says who keeps the pages.
    pub fn on(mut self, gpu: Gpu) -> Self {
        self.gpu = gpu;
        self
    }

    /// Sets what the pages may take on the device together, in whole slabs; 1 GiB if not said. Where they need more,
    /// those are given up that were not used for longest: they come back when they are asked for.
    pub fn budget_bytes(mut self, bytes: u64) -> Self {
        self.budget_bytes = bytes;
        self
    }

    /// Sets how much of the device's memory is taken at a time; 64 MiB if not said. A page that is longer is not kept.
    pub fn slab_bytes(mut self, bytes: u64) -> Self {
        self.slab_bytes = bytes;
        self
    }

    /// Opens the device, brings the pages there as they are now, and follows from then on.
    ///
    /// # Errors
    /// [`MirrorError::Device`](crate::MirrorError::Device) if there is no device that serves; [`Error::ReadOnly`], [`Error::NoHistory`] if the bus keeps
    /// nothing, [`Error::Poisoned`], [`Error::Busy`], [`Error::Reentrant`]; [`Error::Io`] if there is no thread to be had.
    ///
    /// # Cost
    /// Commits go on meanwhile.
    pub fn start(self) -> Result<Mirror, Error> {
        token::check()?;
        let bus = Arc::clone(self.bus.shared());
        let ops = self.gpu.open(self.slab_bytes, self.budget_bytes)?;
        let sizes = (self.slab_bytes, self.budget_bytes);
        let state = State::new(Arc::clone(&bus), ops, self.filter, (self.gpu, sizes))?;
        let shared = Arc::new(Shared { state: Mutex::new(state), ending: Ending::default() });
        let follower = Arc::clone(&shared);
        let thread = env::spawn("mmsb-mirror", move || follow::run(&follower, &bus));
        let thread = thread.map_err(|source| LogError::Spawn { source })?;
        Ok(Mirror { shared, thread: Some(thread) })
    }
}
