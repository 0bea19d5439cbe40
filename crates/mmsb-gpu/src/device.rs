//! A device as an engine, over wgpu.
//!
//! One queue, so what is submitted is ordered. Everything that can fail runs inside error scopes; that the device is
//! lost only its callback tells, so a flag that it sets is looked at before and after everything.

mod adapter;
mod batch;
mod clock;
mod faults;
mod pipelines;
mod submissions;
mod wanted;

use std::fmt;

use crate::{CpuOps, Engine, GpuError, Kernel, Pages, Place, Program, answers};

pub use adapter::About;
use batch::Batch;
pub use clock::Took;
use faults::Faults;
use pipelines::Pipelines;
use submissions::Submissions;
pub use wanted::Wanted;

/// Mirrored pages in a device's memory.
pub type GpuOps = Pages<Device>;

/// A device as an engine.
pub struct Device {
    about: About,
    device: wgpu::Device,
    queue: wgpu::Queue,
    faults: Faults,
    pipelines: Pipelines,
    batch: Batch,
    slabs: Vec<Slab>,
    submissions: Submissions,
}

/// A slab's memory, and the group by which kernels see it.
struct Slab {
    buffer: wgpu::Buffer,
    group: wgpu::BindGroup,
}

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
        let mut device = Self::known(Device::open(&source)?)?.into_engine();
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

    /// Destroys the device, as if a driver had done so: every call is refused from then on. For tests.
    pub fn destroy(&self) {
        self.device.destroy();
    }

    fn open(source: &dyn Fn(Kernel) -> String) -> Result<Self, GpuError> {
        let adapter::Opened { about, device, queue } = adapter::open()?;
        let faults = Faults::watch(&device);
        let pipelines = faults.scope(&device, "compiling kernels", || Pipelines::new(&device, source))?;
        let batch = Batch::new(&device, &pipelines);
        let (slabs, submissions) = (Vec::new(), Submissions::default());
        Ok(Self { about, device, queue, faults, pipelines, batch, slabs, submissions })
    }

    /// Makes room for a program and lays out what goes along with it.
    fn prepare(&mut self, program: &Program) -> Result<(), GpuError> {
        self.batch.fits(&self.device, program)?;
        let (device, batch, pipelines) = (&self.device, &mut self.batch, &self.pipelines);
        self.faults
            .scope(device, "making room for a batch", || batch.make_room(device, pipelines, program))?;
        self.batch.stage(program);
        Ok(())
    }

    fn encode(&self, program: &Program, encoder: &mut wgpu::CommandEncoder) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_bind_group(0, self.batch.group(), &[]);
        for dispatch in &program.dispatches {
            pass.set_pipeline(self.pipelines.of(dispatch.kernel));
            pass.set_bind_group(1, &self.slabs[dispatch.target as usize].group, &[]);
            pass.set_bind_group(2, &self.slabs[dispatch.source as usize].group, &[]);
            let params = [dispatch.first, dispatch.count, 0, 0].map(u32::to_le_bytes);
            pass.set_immediates(0, params.as_flattened());
            let groups = dispatch.count.div_ceil(dispatch.kernel.items_per_group());
            let (columns, rows) = fold(groups, self.pipelines.groups_max());
            pass.dispatch_workgroups(columns, rows, 1);
        }
    }
}

impl Engine for Device {
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError> {
        let (device, pipelines) = (&self.device, &self.pipelines);
        let slab = self.faults.scope(device, "making a slab", || {
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
            let size = u64::from(words) * 4;
            let buffer = batch::buffer(device, "slab", size, usage);
            let group = pipelines.slab_group(device, &buffer);
            Slab { buffer, group }
        })?;
        self.slabs.push(slab);
        Ok(())
    }

    fn run(&mut self, program: &Program) -> Result<Vec<u32>, GpuError> {
        if program.dispatches.is_empty() {
            return Ok(vec![0; program.result_words as usize]);
        }
        self.prepare(program)?;
        self.faults.scope(&self.device, "running kernels", || {
            self.batch.send(&self.queue, program);
            let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.batch.begin(&mut encoder, program);
            self.encode(program, &mut encoder);
            self.batch.end(&mut encoder, program);
            self.submissions.submit(&self.queue, encoder);
        })?;
        self.batch.answer(&self.device, &self.faults, program.result_words)
    }

    fn read(&mut self, places: &[Place]) -> Result<Vec<u32>, GpuError> {
        let count = places.iter().map(batch::landing_words).sum();
        let (device, batch) = (&self.device, &mut self.batch);
        self.faults.scope(device, "making room to read", || batch.room_to_read(device, count))?;
        self.faults.scope(&self.device, "reading pages", || {
            let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut landed = 0;
            for place in places {
                let (source, offset) =
                    (&self.slabs[place.slab as usize].buffer, u64::from(place.first_word) * 4);
                let words = batch::landing_words(place);
                self.batch.copy_out(&mut encoder, (source, offset), landed, words);
                landed += words;
            }
            self.submissions.submit(&self.queue, encoder);
        })?;
        self.batch.answer(&self.device, &self.faults, count)
    }

    fn submitted(&self) -> u64 {
        self.submissions.submitted()
    }

    fn completed(&mut self) -> Result<u64, GpuError> {
        self.faults.scope(&self.device, "looking for what is done", || ())?;
        Ok(self.submissions.completed())
    }

    fn wait(&mut self) -> Result<(), GpuError> {
        Self::wait(self)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({}, {} slabs)", self.about.name, self.slabs.len())
    }
}

/// Folds groups that are too many for one dimension into two; the last row may be too long.
fn fold(groups: u32, most: u32) -> (u32, u32) {
    let columns = groups.clamp(1, most);
    (columns, groups.div_ceil(columns).max(1))
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn groups_fold_above_what_a_dimension_holds() {
        assert_eq!(fold(1, 65_535), (1, 1));
        assert_eq!(fold(65_535, 65_535), (65_535, 1));
        assert_eq!(fold(65_536, 65_535), (65_535, 2));
        assert_eq!(fold(200_000, 65_535), (65_535, 4));
    }
}
