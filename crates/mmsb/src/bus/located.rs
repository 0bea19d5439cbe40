//! Pages that live on a device: a mirror of the bus's own.
//!
//! Where a page lives is a matter of this process and this machine. So it is no part of any state: no log tells it,
//! hashes and replays are the same with and without a device, and whoever opens a bus says anew what he wants where.
//!
//! Invariant: the host has every page, always; reads and commits are the host's.

use std::sync::{Arc, PoisonError};

use mmsb_gpu::{GpuError, Wanted};
use mmsb_types::{PageId, PageLocation};

use crate::{
    Bus, Error, Gpu, Mirror, MirrorError, PageFilter,
    mirror::Locations,
    sync::{Mutex, MutexGuard},
    wave::token,
};

/// What the handles of a bus share of its device.
pub(super) struct Located {
    gpu: Gpu,
    locations: Arc<Locations>,
    device: Mutex<Device>,
}

/// Opened by the first page that is wanted there.
#[derive(Default)]
enum Device {
    #[default]
    Unasked,
    Here(Arc<Mirror>),
    /// There was none when a page was wanted anywhere.
    Missing,
}

impl Located {
    pub(super) fn new(gpu: Gpu) -> Self {
        Self { gpu, locations: Arc::default(), device: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Device> {
        // It changes in one step, when all is done.
        self.device.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bus {
    /// Returns the mirror of pages that [live](Bus::locate) on the device, once there was one.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// use mmsb::{Gpu, PageLocation};
    ///
    /// let bus = mmsb::Bus::builder().gpu(Gpu::host()).in_memory()?;
    /// let field = bus.create_page_in(PageLocation::Device, "field", 4096)?;
    /// let epoch = bus.write(field, 0, b"life")?.epoch;
    /// let device = bus.device().expect("the page opened it");
    /// device.wait(epoch)?;
    /// assert_eq!(&device.page(field)?.bytes[..4], b"life");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn device(&self) -> Option<Arc<Mirror>> {
        match &*self.located().lock() {
            Device::Here(mirror) => Some(Arc::clone(mirror)),
            Device::Unasked | Device::Missing => None,
        }
    }

    /// Returns where a page lives, in this process: on the host, if nobody said otherwise.
    #[must_use]
    pub fn location(&self, page: PageId) -> PageLocation {
        self.located().locations.of(page)
    }

    /// Says where a page lives from now on, in this process, and returns where that is: the host has it always,
    /// [`PageLocation::Device`] and [`PageLocation::Unified`] also mirror it, the former for as long as it is said, the
    /// latter as long as there is room. [`PageLocation::Auto`] is the device where there is one, else the host.
    ///
    /// It is no part of the bus's state: nothing is logged, and a bus that is opened again has all pages on the host.
    ///
    /// # Errors
    /// [`Error::PageNotFound`]; [`Error::UnsupportedLocation`] if there is no device, and those of
    /// [`MirrorBuilder::start`](crate::MirrorBuilder::start).
    pub fn locate(&self, page: PageId, location: PageLocation) -> Result<PageLocation, Error> {
        self.page_bytes(page)?;
        let location = self.place(location)?;
        self.settle_in(page, location);
        if let Some(mirror) = self.device() {
            mirror.look_again(page)?;
        }
        Ok(location)
    }

    /// Returns where a page comes to live that is wanted there; opens the device if need be.
    pub(crate) fn place(&self, location: PageLocation) -> Result<PageLocation, Error> {
        token::check()?;
        if location == PageLocation::Host {
            return Ok(location);
        }
        let mut device = self.located().lock();
        let is_auto = location == PageLocation::Auto;
        let opened = match &*device {
            Device::Here(_) => Ok(()),
            Device::Missing if is_auto => return Ok(PageLocation::Host),
            Device::Unasked | Device::Missing => {
                self.open_device().map(|mirror| *device = Device::Here(Arc::new(mirror)))
            }
        };
        match opened {
            Ok(()) => Ok(if is_auto { PageLocation::Device } else { location }),
            Err(error) if is_auto && may_do_without() => {
                tracing::info!(%error, "pages asked for anywhere live on the host");
                *device = Device::Missing;
                Ok(PageLocation::Host)
            }
            Err(error) => Err(unsupported(error, location)),
        }
    }

    /// Notes where a page lives, before anybody sees it there.
    pub(crate) fn settle_in(&self, page: PageId, location: PageLocation) {
        self.located().locations.set(page, location);
    }

    /// Counts the living pages that were settled at `location`.
    pub(crate) fn located_count(&self, location: PageLocation) -> u64 {
        self.located().locations.count(location, |page| self.store().contains(page))
    }

    fn open_device(&self) -> Result<Mirror, Error> {
        let located = self.located();
        let filter = PageFilter::located(Arc::clone(&located.locations));
        self.mirror(filter).on(located.gpu.clone()).start()
    }
}

/// Tells whether the environment lets the host stand in.
fn may_do_without() -> bool {
    Wanted::from_env().is_ok_and(|wanted| wanted != Wanted::Require)
}

fn unsupported(error: Error, location: PageLocation) -> Error {
    match error {
        Error::Mirror(MirrorError::Device {
            source: source @ (GpuError::NoAdapter { .. } | GpuError::Unsupported { .. }),
        }) => {
            tracing::warn!(%source, "a page cannot live on a device");
            Error::UnsupportedLocation { location }
        }
        error => error,
    }
}
