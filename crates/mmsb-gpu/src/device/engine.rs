//! Programs run on a device: room, upload, kernels, answer; one submission, if what goes along is no longer than a
//! slot of the ring.

use super::{Device, Slab, batch, ring};
use crate::{Engine, Formula, GpuError, Kernel, Place, Program, Ticket};

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

    fn submit(&mut self, program: &Program) -> Result<Ticket, GpuError> {
        let words = program.result_words;
        if program.dispatches.is_empty() {
            return Ok(Ticket::here(vec![0; words as usize]));
        }
        self.prepare(program)?;
        let landing = if words > 0 { Some(self.landing(words)?) } else { None };
        let mut encoder = self.send(program)?;
        self.faults.scope(&self.device, "encoding kernels", || {
            self.batch.begin(&mut encoder, program);
            self.encode(program, &mut encoder);
            landing.iter().for_each(|landing| self.batch.end(&mut encoder, landing, words));
        })?;
        let submission = self.hand_over("running kernels", encoder)?;
        landing.map_or(Ok(Ticket::here(Vec::new())), |landing| self.lands(landing, words, submission))
    }

    fn fetch(&mut self, places: &[Place]) -> Result<Ticket, GpuError> {
        let words = places.iter().map(batch::landing_words).sum();
        self.copy_out("reading pages", words, |device, encoder, landing| {
            let mut landed = 0;
            for place in places {
                let (source, bytes) =
                    (&device.slabs[place.slab as usize].buffer, u64::from(batch::landing_words(place)) * 4);
                let offset = u64::from(place.first_word) * 4;
                encoder.copy_buffer_to_buffer(source, offset, landing, landed, bytes);
                landed += bytes;
            }
        })
    }

    fn land(&mut self, ticket: Ticket) -> Result<Vec<u32>, GpuError> {
        ticket.words(|claim| self.landings.land(&self.memory, &self.faults, claim))
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
            self.hand_over(DOING, encoder)?;
        }
    }

    /// Submits what was encoded behind what was written.
    pub(super) fn hand_over(
        &mut self,
        doing: &'static str,
        encoder: wgpu::CommandEncoder,
    ) -> Result<wgpu::SubmissionIndex, GpuError> {
        self.faults.scope(&self.device, doing, || {
            let submission = self.submissions.submit(&self.queue, encoder);
            self.ring.sent(submission.clone());
            submission
        })
    }

    /// Copies words to where the host can map them, in a submission of their own.
    pub(super) fn copy_out(
        &mut self,
        doing: &'static str,
        words: u32,
        copy: impl FnOnce(&Self, &mut wgpu::CommandEncoder, &wgpu::Buffer),
    ) -> Result<Ticket, GpuError> {
        if words == 0 {
            return Ok(Ticket::here(Vec::new()));
        }
        let landing = self.landing(words)?;
        let submission = self.faults.scope(&self.device, doing, || {
            let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            copy(self, &mut encoder, &landing);
            self.submissions.submit(&self.queue, encoder)
        })?;
        self.lands(landing, words, submission)
    }

    fn landing(&mut self, words: u32) -> Result<wgpu::Buffer, GpuError> {
        self.landings.room(&self.memory, &self.faults, words)
    }

    fn lands(
        &mut self,
        landing: wgpu::Buffer,
        words: u32,
        submission: wgpu::SubmissionIndex,
    ) -> Result<Ticket, GpuError> {
        let doing = "mapping an answer";
        let sent = self.faults.scope(&self.device, doing, || self.landings.sent(landing, words, submission));
        // The buffer is the library's, and idle: nothing but a loss keeps it from being mapped.
        sent.map_err(|error| self.faults.lost(&error.to_string()))
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
            let (columns, rows) = dispatch.grid(self.pipelines.groups_max());
            pass.dispatch_workgroups(columns, rows, 1);
        }
    }
}
