//! A device as an engine, over wgpu.
//!
//! One queue, so what is submitted is ordered. Everything that can fail runs inside error scopes; that the device is
//! lost only its callback tells, so a flag that it sets is looked at before and after everything.

mod adapter;
mod batch;
mod clock;
mod engine;
mod faults;
mod formulas;
mod landings;
mod memory;
mod open;
mod pipelines;
mod ring;
mod submissions;

use std::fmt;

use crate::{GpuError, Kernel, Pages, Program};

pub use adapter::About;
use batch::Batch;
pub use clock::Took;
use faults::Faults;
pub use faults::Loss;
use formulas::Formulas;
use landings::Landings;
use memory::Memory;
use pipelines::Pipelines;
use ring::Ring;
use submissions::Submissions;

/// Mirrored pages in a device's memory.
pub type GpuOps = Pages<Device>;

/// A device as an engine.
pub struct Device {
    about: About,
    device: wgpu::Device,
    queue: wgpu::Queue,
    faults: Faults,
    pipelines: Pipelines,
    memory: Memory,
    batch: Batch,
    ring: Ring,
    landings: Landings,
    slabs: Vec<Slab>,
    submissions: Submissions,
    formulas: Formulas,
    sent_bytes: u64,
}

/// A slab's memory, and the group by which kernels see it.
struct Slab {
    buffer: wgpu::Buffer,
    group: wgpu::BindGroup,
}

impl Device {
    /// Returns the device's name, as its driver says it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// Returns what the device is.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// Returns how many buffers were made on it so far. Work that goes on as it did before makes none.
    #[must_use]
    pub fn buffers_made(&self) -> u64 {
        self.memory.made()
    }

    /// Returns how many bytes were sent to it so far.
    #[must_use]
    pub const fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    /// Destroys the device, as if a driver had done so: every call is refused from then on. For tests.
    pub fn destroy(&self) {
        self.device.destroy();
    }

    /// Sends what goes along with a program and gives up then, as if its kernels had been refused. For tests.
    ///
    /// # Errors
    /// What the device says.
    #[doc(hidden)]
    pub fn abandon(&mut self, program: &Program) -> Result<(), GpuError> {
        self.prepare(program)?;
        self.send(program).map(drop)
    }

    /// Returns the buffer of a slab, if there are so many. It is to be read only.
    #[must_use]
    pub fn slab(&self, slab: u32) -> Option<&wgpu::Buffer> {
        self.slabs.get(slab as usize).map(|slab| &slab.buffer)
    }

    fn new(
        opened: adapter::Opened,
        faults: Faults,
        source: &dyn Fn(Kernel) -> String,
    ) -> Result<Self, GpuError> {
        let adapter::Opened { about, device, queue } = opened;
        let pipelines = faults.scope(&device, "compiling kernels", || Pipelines::new(&device, source))?;
        let memory = Memory::new(device.clone());
        let make = || (Batch::new(&memory, &pipelines), Ring::new(&memory));
        let (batch, ring) = faults.scope(&device, "making buffers", make)?;
        let (slabs, submissions, formulas) = (Vec::new(), Submissions::default(), Formulas::default());
        let (landings, sent_bytes) = (Landings::default(), 0);
        Ok(Self {
            about,
            device,
            queue,
            faults,
            pipelines,
            memory,
            batch,
            ring,
            landings,
            slabs,
            submissions,
            formulas,
            sent_bytes,
        })
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({}, {} slabs)", self.about.name, self.slabs.len())
    }
}
