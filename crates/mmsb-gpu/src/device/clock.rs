//! How long a device takes for a program, by its own clock where it has one.

use std::time::Duration;

use mmsb_types::env;

use super::Device;
use crate::{Engine as _, GpuError, Program};

/// What marks of time need. A device without it has no clock here.
pub(super) const FEATURES: wgpu::Features =
    wgpu::Features::TIMESTAMP_QUERY.union(wgpu::Features::TIMESTAMP_QUERY_INSIDE_ENCODERS);

/// How long a device took for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Took {
    /// By the host's clock: from handing it over until it was known to be done.
    pub host: Duration,
    /// By the device's clock, if it has one: from the first kernel's start to the last one's end.
    pub device: Option<Duration>,
}

/// Two marks of a device's clock.
struct Marks {
    set: wgpu::QuerySet,
    words: wgpu::Buffer,
}

impl Device {
    /// Waits until everything that was submitted is done.
    ///
    /// # Errors
    /// What the device says.
    pub fn wait(&self) -> Result<(), GpuError> {
        const DOING: &str = "waiting for the queue";
        let waited = self
            .faults
            .scope(&self.device, DOING, || self.device.poll(wgpu::PollType::wait_indefinitely()))?;
        waited.map(drop).map_err(|error| GpuError::Validation { doing: DOING, why: error.to_string() })
    }

    /// Runs a program's kernels `rounds` times and returns what all rounds took. What goes along is there before; the
    /// answer stays on the device, and of a program whose answer is a sum it is that of all rounds.
    ///
    /// # Errors
    /// As [`Engine::run`](crate::Engine::run).
    pub fn time(&mut self, program: &Program, rounds: u32) -> Result<Took, GpuError> {
        self.prepare(program)?;
        let mut encoder = self.send(program)?;
        self.batch.begin(&mut encoder, program);
        self.hand_over("sending a batch", encoder)?;
        self.timed(|device, encoder| (0..rounds).for_each(|_| device.encode(program, encoder)))
    }

    /// Copies so many bytes from one buffer of the device to another, `rounds` times: what no kernel does faster.
    ///
    /// # Errors
    /// There is no memory for the two, or what the device says.
    pub fn time_copy(&mut self, bytes: u64, rounds: u32) -> Result<Took, GpuError> {
        let usage = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let [source, target] = ["source", "target"].map(|label| {
            let make = || self.memory.buffer(label, bytes, usage);
            self.faults.scope(&self.device, "making buffers to copy", make)
        });
        let (source, target) = (source?, target?);
        // Memory that nobody wrote may be no memory yet.
        let fill = |_: &Self, encoder: &mut wgpu::CommandEncoder| {
            encoder.clear_buffer(&source, 0, None);
            encoder.copy_buffer_to_buffer(&source, 0, &target, 0, bytes);
        };
        self.timed(fill)?;
        self.timed(|_, encoder| {
            (0..rounds).for_each(|_| encoder.copy_buffer_to_buffer(&source, 0, &target, 0, bytes));
        })
    }

    /// Does work between two marks, on a device that has nothing else to do.
    fn timed(&mut self, work: impl FnOnce(&Self, &mut wgpu::CommandEncoder)) -> Result<Took, GpuError> {
        self.wait()?;
        let marks = self.faults.scope(&self.device, "making marks of time", || self.marks())?;
        let start = env::now();
        self.faults.scope(&self.device, "running what is timed", || {
            let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mark = |encoder: &mut wgpu::CommandEncoder, index| {
                marks.iter().for_each(|marks| encoder.write_timestamp(&marks.set, index));
            };
            mark(&mut encoder, 0);
            work(self, &mut encoder);
            mark(&mut encoder, 1);
            marks.iter().for_each(|marks| encoder.resolve_query_set(&marks.set, 0..2, &marks.words, 0));
            self.queue.submit([encoder.finish()]);
        })?;
        self.wait()?;
        let host = start.elapsed();
        Ok(Took { host, device: marks.map(|marks| self.between(&marks)).transpose()? })
    }

    fn marks(&self) -> Option<Marks> {
        self.device.features().contains(FEATURES).then(|| {
            let set = self.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            });
            let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
            Marks { set, words: self.memory.buffer("marks", 16, usage) }
        })
    }

    /// Reads two marks.
    fn between(&mut self, marks: &Marks) -> Result<Duration, GpuError> {
        let ticket = self.copy_out("reading marks of time", 4, |_, encoder, landing| {
            encoder.copy_buffer_to_buffer(&marks.words, 0, landing, 0, 16);
        })?;
        let words = self.land(ticket)?;
        let mark = |index: usize| u64::from(words[index]) | u64::from(words[index + 1]) << 32;
        let ticks = mark(2).saturating_sub(mark(0));
        Ok(Duration::from_secs_f64(ticks as f64 * f64::from(self.queue.get_timestamp_period()) / 1e9))
    }
}
