//! What goes to the device with a program, and where kernels put what comes back.
//!
//! Invariant: the group's buffers are the ones that are written and read; they only grow.

use wgpu::{BufferUsages, CommandEncoder};

use super::{
    memory::{Memory, grown},
    pipelines::Pipelines,
};
use crate::{GpuError, Place, Program, Tile};

/// The buffers of a submission.
pub(super) struct Batch {
    tiles: wgpu::Buffer,
    words: wgpu::Buffer,
    answer: wgpu::Buffer,
    group: wgpu::BindGroup,
}

impl Batch {
    pub fn new(memory: &Memory, pipelines: &Pipelines) -> Self {
        let [tiles, words] = ["tiles", "words"].map(|label| memory.buffer(label, grown(0), sent()));
        let answer = memory.buffer("answer", grown(0), answered());
        let group = pipelines.batch_group(memory.device(), [&tiles, &words, &answer]);
        Self { tiles, words, answer, group }
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

    /// What comes behind the kernels: their answer lands where the host can map it.
    pub fn end(&self, encoder: &mut CommandEncoder, landing: &wgpu::Buffer, words: u32) {
        encoder.copy_buffer_to_buffer(&self.answer, 0, landing, 0, u64::from(words) * 4);
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
