//! The upload ring: what goes to a device is written where the driver reads it, while the device reads what went before.
//!
//! Invariant: a slot is written only while the host has it mapped; it is mapped again once the submission that reads
//! it is done. A slot whose submission never came about is replaced.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use wgpu::{BufferUsages, CommandEncoder, SubmissionIndex};

use super::{
    batch::Batch,
    faults::Faults,
    memory::{Memory, grown},
};
use crate::{GpuError, Program, Tile};

/// Slots: one is written, one waits, one is read, and one is spare.
const SLOT_COUNT: usize = 4;
/// What a slot takes at most, in bytes (16 MiB); what is longer goes in several submissions.
pub(super) const SLOT_BYTES_MAX: u64 = 16 << 20;
/// Parts end between tiles.
const _: () = assert!(SLOT_BYTES_MAX.is_multiple_of(size_of::<Tile>() as u64));

/// Mapped buffers in turn.
pub(super) struct Ring {
    slots: [Slot; SLOT_COUNT],
    next: usize,
}

struct Slot {
    buffer: wgpu::Buffer,
    is_mapped: Arc<AtomicBool>,
    submission: Option<SubmissionIndex>,
}

impl Ring {
    pub fn new(memory: &Memory) -> Self {
        Self { slots: std::array::from_fn(|_| Slot::new(memory, 0)), next: 0 }
    }

    /// Makes sure that the next slot is mapped and holds so many bytes.
    pub fn ready(&mut self, memory: &Memory, faults: &Faults, bytes: u64) -> Result<(), GpuError> {
        const DOING: &str = "waiting for room to send";
        let slot = &mut self.slots[self.next];
        if slot.buffer.size() >= bytes && !slot.is_mapped.load(Ordering::Acquire) {
            let wait = wgpu::PollType::Wait { submission_index: slot.submission.take(), timeout: None };
            faults
                .scope(memory.device(), DOING, || memory.device().poll(wait))?
                .map_err(|error| GpuError::Validation { doing: DOING, why: error.to_string() })?;
        }
        if slot.buffer.size() < bytes || !slot.is_mapped.load(Ordering::Acquire) {
            *slot = faults.scope(memory.device(), "making room to send", || Slot::new(memory, bytes))?;
        }
        Ok(())
    }

    /// Writes a part of what goes along with a program, and copies it to where kernels read it.
    pub fn write(
        &mut self,
        encoder: &mut CommandEncoder,
        batch: &Batch,
        program: &Program,
        part: Range<u64>,
    ) -> Result<(), wgpu::MapRangeError> {
        let slot = &self.slots[self.next];
        let [tiles, words] = halves(program, &part);
        let (tile_bytes, word_bytes) = (tiles.end - tiles.start, words.end - words.start);
        let mut view = slot.buffer.get_mapped_range_mut(..tile_bytes + word_bytes)?;
        let (into_tiles, into_words) = view.slice(..).split_at(tile_bytes as usize);
        let sent = &program.tiles[indexes(&tiles, size_of::<Tile>())];
        into_tiles.into_chunks().0.write_iter(sent.iter().map(Tile::laid_out));
        let sent = &program.words[indexes(&words, 4)];
        into_words.into_chunks().0.write_iter(sent.iter().map(|word| word.to_le_bytes()));
        drop(view);
        slot.is_mapped.store(false, Ordering::Release);
        slot.buffer.unmap();
        let [into_tiles, into_words] = batch.targets();
        copy(encoder, (&slot.buffer, 0), (into_tiles, tiles.start), tile_bytes);
        copy(encoder, (&slot.buffer, tile_bytes), (into_words, words.start), word_bytes);
        Ok(())
    }

    /// Notes that what was written was submitted: the next slot is up, and this one once that is done.
    pub fn sent(&mut self, submission: SubmissionIndex) {
        let slot = &mut self.slots[self.next];
        slot.submission = Some(submission);
        let is_mapped = Arc::clone(&slot.is_mapped);
        let mapped = move |result: Result<(), _>| is_mapped.store(result.is_ok(), Ordering::Release);
        slot.buffer.map_async(wgpu::MapMode::Write, .., mapped);
        self.next = (self.next + 1) % SLOT_COUNT;
    }
}

impl Slot {
    fn new(memory: &Memory, bytes: u64) -> Self {
        let buffer = memory.buffer("upload", grown(bytes), BufferUsages::MAP_WRITE | BufferUsages::COPY_SRC);
        Self { buffer, is_mapped: Arc::new(AtomicBool::new(true)), submission: None }
    }
}

/// Returns how many bytes go along with a program: its tiles, and its words behind them.
pub(super) const fn bytes(program: &Program) -> u64 {
    (size_of_val(program.tiles.as_slice()) + size_of_val(program.words.as_slice())) as u64
}

/// Returns which bytes of a program's tiles and of its words are in a part of what goes along.
fn halves(program: &Program, part: &Range<u64>) -> [Range<u64>; 2] {
    let border = size_of_val(program.tiles.as_slice()) as u64;
    let tiles = part.start.min(border)..part.end.min(border);
    [tiles, part.start.max(border) - border..part.end.max(border) - border]
}

fn indexes(bytes: &Range<u64>, item_bytes: usize) -> Range<usize> {
    bytes.start as usize / item_bytes..bytes.end as usize / item_bytes
}

fn copy(encoder: &mut CommandEncoder, from: (&wgpu::Buffer, u64), to: (&wgpu::Buffer, u64), bytes: u64) {
    if bytes > 0 {
        encoder.copy_buffer_to_buffer(from.0, from.1, to.0, to.1, bytes);
    }
}
