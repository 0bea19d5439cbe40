//! The readback pool: buffers that the host maps, in each of which one answer lands.
//!
//! Invariant: there are at most [`BUFFERS_MAX`] of them. Who asks while all are on their way waits for the oldest one,
//! whose words are kept for as long as somebody has a claim to them.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use wgpu::{BufferAsyncError, BufferUsages, SubmissionIndex};

use super::{
    faults::Faults,
    memory::{Memory, grown},
};
use crate::{GpuError, Ticket};

/// Buffers: one is read, one is written, and two wait.
const BUFFERS_MAX: usize = 4;
const DOING: &str = "waiting for an answer";

/// Mapped buffers, and answers that nobody has fetched yet.
#[derive(Default)]
pub(super) struct Landings {
    idle: Vec<wgpu::Buffer>,
    on_way: VecDeque<OnWay>,
    kept: Vec<(Arc<()>, Vec<u32>)>,
}

struct OnWay {
    claim: Arc<()>,
    buffer: wgpu::Buffer,
    words: u32,
    submission: SubmissionIndex,
    landed: Arc<OnceLock<Result<(), BufferAsyncError>>>,
}

impl Landings {
    /// Returns a buffer for so many words. Whoever does not send it drops it: another one is made then.
    pub fn room(&mut self, memory: &Memory, faults: &Faults, words: u32) -> Result<wgpu::Buffer, GpuError> {
        self.kept.retain(|(claim, _)| is_claimed(claim));
        if self.idle.is_empty() && self.on_way.len() >= BUFFERS_MAX {
            self.keep_oldest(memory, faults)?;
        }
        let need_bytes = u64::from(words) * 4;
        match self.idle.pop() {
            Some(buffer) if buffer.size() >= need_bytes => Ok(buffer),
            _ => faults.scope(memory.device(), "making room to read", || {
                memory.buffer("landing", grown(need_bytes), BufferUsages::MAP_READ | BufferUsages::COPY_DST)
            }),
        }
    }

    /// Notes that words land in a buffer with this submission.
    pub fn sent(&mut self, buffer: wgpu::Buffer, words: u32, submission: SubmissionIndex) -> Ticket {
        let (claim, landed) = (Arc::new(()), Arc::new(OnceLock::new()));
        let lands = Arc::clone(&landed);
        let mapped = move |result| drop(lands.set(result));
        buffer.map_async(wgpu::MapMode::Read, ..u64::from(words) * 4, mapped);
        self.on_way.push_back(OnWay { claim: Arc::clone(&claim), buffer, words, submission, landed });
        Ticket::on_way(claim)
    }

    /// Waits for the words of a claim; what was asked later is not waited for.
    pub fn land(&mut self, memory: &Memory, faults: &Faults, claim: &Arc<()>) -> Result<Vec<u32>, GpuError> {
        if let Some(at) = self.kept.iter().position(|kept| Arc::ptr_eq(&kept.0, claim)) {
            return Ok(self.kept.swap_remove(at).1);
        }
        let at = self.on_way.iter().position(|on_way| Arc::ptr_eq(&on_way.claim, claim));
        let on_way = at.and_then(|at| self.on_way.remove(at)).ok_or(GpuError::NotAsked)?;
        let words = on_way.read(memory, faults)?;
        self.idle.push(on_way.buffer);
        Ok(words)
    }

    fn keep_oldest(&mut self, memory: &Memory, faults: &Faults) -> Result<(), GpuError> {
        let Some(oldest) = self.on_way.pop_front() else { return Ok(()) };
        let words = oldest.read(memory, faults)?;
        self.idle.push(oldest.buffer);
        if is_claimed(&oldest.claim) {
            self.kept.push((oldest.claim, words));
        }
        Ok(())
    }
}

impl OnWay {
    /// Waits until the words are there, and leaves the buffer unmapped.
    fn read(&self, memory: &Memory, faults: &Faults) -> Result<Vec<u32>, GpuError> {
        let wait = wgpu::PollType::Wait { submission_index: Some(self.submission.clone()), timeout: None };
        let waited = faults.scope(memory.device(), DOING, || memory.device().poll(wait))?;
        // The buffer is the library's, and its submission was taken: nothing but a loss keeps it from being mapped.
        match (self.landed.get(), waited) {
            (Some(Ok(())), _) => {}
            (Some(Err(error)), _) => return Err(faults.lost(&error.to_string())),
            (None, Err(error)) => return Err(faults.lost(&error.to_string())),
            (None, Ok(_)) => return Err(faults.lost("nothing landed")),
        }
        let view = self.buffer.get_mapped_range(..u64::from(self.words) * 4);
        let view = view.map_err(|error| GpuError::Validation { doing: DOING, why: error.to_string() })?;
        let words = view.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        drop(view);
        self.buffer.unmap();
        Ok(words)
    }
}

/// Whether whoever has the ticket still has it.
fn is_claimed(claim: &Arc<()>) -> bool {
    Arc::strong_count(claim) > 1
}
