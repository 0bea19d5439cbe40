//! A device as an engine, over wgpu.
//!
//! One queue, so what is submitted is ordered. Everything that can fail runs inside error scopes; that the device is
//! lost only its callback tells, so a flag that it sets is looked at before and after everything.

mod adapter;
mod batch;
mod clock;
mod faults;
mod formulas;
mod pipelines;
mod submissions;

use std::{fmt, ops::Range};

use crate::{
    CpuOps, Engine, Formula, GpuError, Kernel, PageHandle, PageOps, Pages, Place, Program, Wanted, answers,
    wanted,
};

pub use adapter::About;
use batch::Batch;
pub use clock::Took;
use faults::Faults;
pub use faults::Loss;
use formulas::Formulas;
use pipelines::Pipelines;
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
    batch: Batch,
    slabs: Vec<Slab>,
    submissions: Submissions,
    formulas: Formulas,
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
        let opened = adapter::open()?;
        let faults = Faults::watch(&opened.device);
        Self::serving(Device::new(opened, faults, &source)?, slab_bytes, budget_bytes)
    }

    /// Mirrors pages on a device that the caller has already, as [`GpuOps::open`] does on one of its own. It must have
    /// what [`GpuOps::descriptor`] asks for. `MMSB_GPU` is not looked at.
    ///
    /// It sets neither the device's lost callback nor its handler of uncaptured errors, since both are the caller's:
    /// what the library does runs in error scopes. That the device is lost is learned of by whoever waits for an
    /// answer; to have it known at once, call [`Device::loss`]'s notice in the lost callback.
    ///
    /// # Errors
    /// [`GpuError::Unsupported`] names what it lacks; or it does not serve.
    pub fn with_device(
        device: wgpu::Device,
        queue: wgpu::Queue,
        slab_bytes: u64,
        budget_bytes: u64,
    ) -> Result<Self, GpuError> {
        let opened = adapter::brought(device, queue)?;
        let device = Device::new(opened, Faults::default(), &|kernel| kernel.source().to_owned())?;
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

    /// Returns what to call when the device is known to be lost: every call is refused from then on.
    #[must_use]
    pub fn loss(&self) -> Loss {
        self.faults.loss()
    }

    fn new(
        opened: adapter::Opened,
        faults: Faults,
        source: &dyn Fn(Kernel) -> String,
    ) -> Result<Self, GpuError> {
        let adapter::Opened { about, device, queue } = opened;
        let pipelines = faults.scope(&device, "compiling kernels", || Pipelines::new(&device, source))?;
        let batch = Batch::new(&device, &pipelines);
        let (slabs, submissions, formulas) = (Vec::new(), Submissions::default(), Formulas::default());
        Ok(Self { about, device, queue, faults, pipelines, batch, slabs, submissions, formulas })
    }

    /// Makes room for a program and lays out what goes along with it.
    fn prepare(&mut self, program: &Program) -> Result<(), GpuError> {
        self.knows(program)?;
        self.batch.fits(&self.device, program)?;
        let (device, batch, pipelines) = (&self.device, &mut self.batch, &self.pipelines);
        self.faults
            .scope(device, "making room for a batch", || batch.make_room(device, pipelines, program))?;
        self.batch.stage(program);
        Ok(())
    }

    fn pipeline(&self, kernel: Kernel) -> Option<&wgpu::ComputePipeline> {
        match kernel {
            Kernel::Formula(formula) => self.formulas.get(formula),
            kernel => self.pipelines.of(kernel),
        }
    }

    /// Refuses a program that names a formula of another engine.
    fn knows(&self, program: &Program) -> Result<(), GpuError> {
        match program.dispatches.iter().find(|dispatch| self.pipeline(dispatch.kernel).is_none()) {
            Some(dispatch) => Err(GpuError::Unsupported {
                device: self.about.name.clone(),
                what: format!("{:?}, which it did not compile", dispatch.kernel),
            }),
            None => Ok(()),
        }
    }

    fn encode(&self, program: &Program, encoder: &mut wgpu::CommandEncoder) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_bind_group(0, self.batch.group(), &[]);
        for dispatch in &program.dispatches {
            let Some(pipeline) = self.pipeline(dispatch.kernel) else { continue };
            pass.set_pipeline(pipeline);
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
            // Vertices and indices may come straight from pages.
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
            let usage = usage | wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::INDEX;
            let size = u64::from(words) * 4;
            let buffer = batch::buffer(device, "slab", size, usage);
            let group = pipelines.slab_group(device, &buffer);
            Slab { buffer, group }
        })?;
        self.slabs.push(slab);
        Ok(())
    }

    fn compile(&mut self, formula: &str) -> Result<Formula, GpuError> {
        self.compile_formula(formula)
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
