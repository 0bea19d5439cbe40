//! Devices opened, or taken from whoever has one; no page is made before every kernel has computed a known answer.

use std::ops::Range;

use super::{Device, Faults, GpuOps, Loss, adapter};
use crate::{CpuOps, GpuError, Kernel, PageHandle, PageOps, Wanted, answers, wanted};

impl GpuOps {
    /// Opens the best device there is, with slabs of `slab_bytes`, together at most `budget_bytes`. A slab is not
    /// longer than the device lets a kernel see.
    ///
    /// Every kernel is compiled, and computes a known answer before any page is made.
    ///
    /// # Errors
    /// There is no driver, the environment says `MMSB_GPU=off`, or the device does not serve.
    pub fn open(slab_bytes: u64, budget_bytes: u64) -> Result<Self, GpuError> {
        Self::open_with(slab_bytes, budget_bytes, |kernel| kernel.source().to_owned())
    }

    /// Opens a device as [`GpuOps::open`] does, with kernels of other sources. This is how a test plants a fault.
    ///
    /// # Errors
    /// As [`GpuOps::open`]; [`GpuError::WrongAnswer`] if a kernel does not compute what its twin does.
    pub fn open_with(
        slab_bytes: u64,
        budget_bytes: u64,
        source: impl Fn(Kernel) -> String,
    ) -> Result<Self, GpuError> {
        if Wanted::from_env()? == Wanted::Off {
            return Err(GpuError::NoAdapter { why: format!("{}=off", wanted::VARIABLE) });
        }
        let opened = adapter::open()?;
        let faults = Faults::watch(&opened.device);
        Self::serving(Device::new(opened, faults, &source)?, slab_bytes, budget_bytes)
    }

    /// Mirrors pages on a device that the caller has already, as [`GpuOps::open`] does on one of its own. It must have
    /// what [`GpuOps::descriptor`] asks for. `MMSB_GPU` is not looked at.
    ///
    /// It sets neither the device's lost callback nor its handler of uncaptured errors, since both are the caller's:
    /// what the library does runs in error scopes. That the device is lost is learned of by whoever waits for an
    /// answer; to have it known at once, tell `loss` in the lost callback.
    ///
    /// # Errors
    /// [`GpuError::Unsupported`] names what it lacks; or it does not serve.
    pub fn with_device(
        device: wgpu::Device,
        queue: wgpu::Queue,
        loss: &Loss,
        slab_bytes: u64,
        budget_bytes: u64,
    ) -> Result<Self, GpuError> {
        let opened = adapter::brought(device, queue)?;
        let device = Device::new(opened, Faults::told_by(loss), &|kernel| kernel.source().to_owned())?;
        Self::serving(device, slab_bytes, budget_bytes)
    }

    /// Returns a descriptor by which an adapter gives a device that serves, with all that the adapter can: what a
    /// caller needs beside that is added to it.
    #[must_use]
    pub fn descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
        adapter::descriptor(adapter)
    }

    /// Returns the buffer in which a page lies and where, in bytes, to be bound or copied from on the same device. It
    /// is to be read only: what is written there the library does not know of. The place is the page's until it is
    /// freed; what is submitted to the queue behind a commit sees that commit.
    ///
    /// # Errors
    /// The page was freed.
    pub fn buffer(&self, page: PageHandle) -> Result<(&wgpu::Buffer, Range<u64>), GpuError> {
        let place = self.slabs().find(page)?;
        let first = u64::from(place.first_word) * 4;
        Ok((&self.engine().slabs[place.slab as usize].buffer, first..first + u64::from(place.page_bytes)))
    }

    /// Takes a device that computes known answers.
    fn serving(device: Device, slab_bytes: u64, budget_bytes: u64) -> Result<Self, GpuError> {
        let mut device = Self::known(device)?.into_engine();
        device.slabs.clear();
        let limits = device.device.limits();
        let longest = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        Ok(Self::with_engine(device, slab_bytes.min(longest), budget_bytes))
    }

    /// Runs every kernel once, and its twin, on the same small pages.
    fn known(device: Device) -> Result<Self, GpuError> {
        let mut ops = Self::with_engine(device, answers::SLAB_BYTES, answers::BUDGET_BYTES);
        let mut twins = CpuOps::new(answers::SLAB_BYTES, answers::BUDGET_BYTES);
        let wrong = answers::of(&mut ops)?.into_iter().zip(answers::of(&mut twins)?).find(|(a, b)| a != b);
        wrong.map_or(Ok(ops), |(answer, _)| Err(GpuError::WrongAnswer { kernel: answer.kernel }))
    }
}
