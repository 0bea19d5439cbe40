//! What goes to the device with a program, and what comes back.
//!
//! Invariant: the group's buffers are the ones that are written and read; they only grow.

use std::sync::{Arc, OnceLock};

use wgpu::{BufferUsages, CommandEncoder};

use super::{
    faults::Faults,
    memory::{Memory, grown},
    pipelines::Pipelines,
};
use crate::{GpuError, Place, Program, Tile};

/// The buffers of a submission.
pub(super) struct Batch {
    tiles: wgpu::Buffer,
    words: wgpu::Buffer,
    answer: wgpu::Buffer,
    /// What the host can map.
    landing: wgpu::Buffer,
    group: wgpu::BindGroup,
}

impl Batch {
    pub fn new(memory: &Memory, pipelines: &Pipelines) -> Self {
        let [tiles, words] = ["tiles", "words"].map(|label| memory.buffer(label, grown(0), sent()));
        let answer = memory.buffer("answer", grown(0), answered());
        let landing = memory.buffer("landing", grown(0), landed());
        let group = pipelines.batch_group(memory.device(), [&tiles, &words, &answer]);
        Self { tiles, words, answer, landing, group }
    }

    pub const fn group(&self) -> &wgpu::BindGroup {
        &self.group
    }

    /// Refuses a program that no buffer of the device holds.
    pub fn fits(&self, device: &wgpu::Device, program: &Program) -> Result<(), GpuError> {
        let limits = device.limits();
        let budget_bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let need_bytes = sizes(program).into_iter().max().unwrap_or(0);
        if grown(need_bytes) <= budget_bytes {
            return Ok(());
        }
        Err(GpuError::OutOfMemory { need_bytes, budget_bytes })
    }

    /// Makes buffers longer where the program needs it.
    pub fn make_room(&mut self, memory: &Memory, pipelines: &Pipelines, program: &Program) {
        let [tiles, words, answer] = sizes(program);
        let mut grew = memory.grow(&mut self.tiles, "tiles", tiles);
        grew |= memory.grow(&mut self.words, "words", words);
        grew |= memory.grow(&mut self.answer, "answer", answer);
        if grew {
            self.group = pipelines.batch_group(memory.device(), [&self.tiles, &self.words, &self.answer]);
        }
        self.room_to_read(memory, program.result_words);
    }

    pub fn room_to_read(&mut self, memory: &Memory, words: u32) {
        memory.grow(&mut self.landing, "landing", u64::from(words) * 4);
    }

    /// Returns where kernels read what goes along: tiles and words.
    pub const fn targets(&self) -> [&wgpu::Buffer; 2] {
        [&self.tiles, &self.words]
    }

    /// What comes before the kernels: their answer is zero at first.
    pub fn begin(&self, encoder: &mut CommandEncoder, program: &Program) {
        if program.result_words > 0 {
            encoder.clear_buffer(&self.answer, 0, Some(u64::from(program.result_words) * 4));
        }
    }

    /// What comes behind the kernels.
    pub fn end(&self, encoder: &mut CommandEncoder, program: &Program) {
        if program.result_words > 0 {
            self.copy_out(encoder, (&self.answer, 0), 0, program.result_words);
        }
    }

    /// Copies words to where the host can map them, behind so many others.
    pub fn copy_out(
        &self,
        encoder: &mut CommandEncoder,
        from: (&wgpu::Buffer, u64),
        landed: u32,
        words: u32,
    ) {
        let (at, bytes) = (u64::from(landed) * 4, u64::from(words) * 4);
        encoder.copy_buffer_to_buffer(from.0, from.1, &self.landing, at, bytes);
    }

    /// Waits for words to land and returns them.
    pub fn answer(&self, device: &wgpu::Device, faults: &Faults, words: u32) -> Result<Vec<u32>, GpuError> {
        const DOING: &str = "waiting for an answer";
        if words == 0 {
            return Ok(Vec::new());
        }
        let landed = Arc::new(OnceLock::new());
        let lands = Arc::clone(&landed);
        let slice = self.landing.slice(..u64::from(words) * 4);
        faults
            .scope(device, DOING, || {
                slice.map_async(wgpu::MapMode::Read, move |result| drop(lands.set(result)));
                device.poll(wgpu::PollType::wait_indefinitely())
            })?
            .map_err(|error| GpuError::Validation { doing: DOING, why: error.to_string() })?;
        let refused = |why: String| GpuError::Validation { doing: DOING, why };
        match landed.get() {
            Some(Ok(())) => {}
            // The buffer is the library's and idle: nothing but a loss keeps it from being mapped.
            Some(Err(error)) => return Err(faults.lost(&error.to_string())),
            None => return Err(faults.lost("nothing landed")),
        }
        let view = slice.get_mapped_range().map_err(|error| refused(error.to_string()))?;
        let answer = view.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        drop(view);
        self.landing.unmap();
        Ok(answer)
    }
}

/// Returns how many words of a place land: whole quads.
pub(super) fn landing_words(place: &Place) -> u32 {
    place.word_count().next_multiple_of(4)
}

/// Bytes of tiles, words and answer.
const fn sizes(program: &Program) -> [u64; 3] {
    let tiles = program.tiles.len() * size_of::<Tile>();
    [tiles as u64, program.words.len() as u64 * 4, program.result_words as u64 * 4]
}

fn sent() -> BufferUsages {
    BufferUsages::STORAGE | BufferUsages::COPY_DST
}

fn answered() -> BufferUsages {
    BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC
}

fn landed() -> BufferUsages {
    BufferUsages::MAP_READ | BufferUsages::COPY_DST
}
