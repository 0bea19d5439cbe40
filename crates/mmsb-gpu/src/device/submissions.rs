//! Submissions by number, and which of them are done.
//!
//! Invariant: numbers rise by one in the order of the queue, and a device does its queue in order: with a number
//! all before it are done.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many submissions there were, and how many are done.
#[derive(Default)]
pub(super) struct Submissions {
    submitted: AtomicU64,
    completed: Arc<AtomicU64>,
}

impl Submissions {
    /// Submits what was encoded, and asks to be told when it is done.
    pub fn submit(&self, queue: &wgpu::Queue, encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        let submission = queue.submit([encoder.finish()]);
        // Who submits has the device for itself; the number is atomic only because scopes borrow it.
        let number = self.submitted.fetch_add(1, Ordering::Relaxed) + 1;
        let completed = Arc::clone(&self.completed);
        queue.on_submitted_work_done(move || {
            completed.fetch_max(number, Ordering::Release);
        });
        submission
    }

    pub fn submitted(&self) -> u64 {
        self.submitted.load(Ordering::Relaxed)
    }

    pub fn completed(&self) -> u64 {
        self.completed.load(Ordering::Acquire)
    }
}
