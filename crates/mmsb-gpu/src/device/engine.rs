//! Programs run on a device: room, upload, kernels, answer; one submission, if what goes along is no longer than a
//! slot of the ring.

use super::{Device, Slab, batch, ring};
use crate::{Engine, Formula, GpuError, Kernel, Place, Program};

impl Engine for Device {
    fn add_slab(&mut self, words: u32) -> Result<(), GpuError> {
        let (memory, pipelines) = (&self.memory, &self.pipelines);
        let slab = self.faults.scope(&self.device, "making a slab", || {
            // Vertices and indices may come straight from pages.
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
            let usage = usage | wgpu::BufferUsages::VERTEX | wgpu::BufferUsages::INDEX;
            let size = u64::from(words) * 4;
            let buffer = memory.buffer("slab", size, usage);
            let group = pipelines.slab_group(memory.device(), &buffer);
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
        let mut encoder = self.send(program)?;
        self.faults.scope(&self.device, "encoding kernels", || {
            self.batch.begin(&mut encoder, program);
            self.encode(program, &mut encoder);
            self.batch.end(&mut encoder, program);
        })?;
        self.submit("running kernels", encoder)?;
        self.batch.answer(&self.device, &self.faults, program.result_words)
    }

    fn read(&mut self, places: &[Place]) -> Result<Vec<u32>, GpuError> {
        let count = places.iter().map(batch::landing_words).sum();
        let (memory, batch) = (&self.memory, &mut self.batch);
        self.faults.scope(&self.device, "making room to read", || batch.room_to_read(memory, count))?;
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

impl Device {
    /// Makes room for a program and lays out what goes along with it.
    pub(super) fn prepare(&mut self, program: &Program) -> Result<(), GpuError> {
        self.knows(program)?;
        self.batch.fits(&self.device, program)?;
        let (memory, batch, pipelines) = (&self.memory, &mut self.batch, &self.pipelines);
        self.faults
            .scope(&self.device, "making room for a batch", || batch.make_room(memory, pipelines, program))
    }

    /// Writes what goes along with a program, and returns the encoder that what it does is to be added to. All but
    /// the last part of what is long is submitted already.
    pub(super) fn send(&mut self, program: &Program) -> Result<wgpu::CommandEncoder, GpuError> {
        const DOING: &str = "sending a batch";
        let (mut start, end) = (0, ring::bytes(program));
        loop {
            let part = start..end.min(start + ring::SLOT_BYTES_MAX);
            start = part.end;
            self.ring.ready(&self.memory, &self.faults, part.end - part.start)?;
            let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.faults
                .scope(&self.device, DOING, || self.ring.write(&mut encoder, &self.batch, program, part))?
                .map_err(|error| GpuError::Validation { doing: DOING, why: error.to_string() })?;
            if start == end {
                self.sent_bytes += end;
                return Ok(encoder);
            }
            self.submit(DOING, encoder)?;
        }
    }

    /// Submits what was encoded behind what was written.
    pub(super) fn submit(
        &mut self,
        doing: &'static str,
        encoder: wgpu::CommandEncoder,
    ) -> Result<(), GpuError> {
        self.faults.scope(&self.device, doing, || {
            let submission = self.submissions.submit(&self.queue, encoder);
            self.ring.sent(submission);
        })
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

    pub(super) fn encode(&self, program: &Program, encoder: &mut wgpu::CommandEncoder) {
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
