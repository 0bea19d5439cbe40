//! Threads that compute pages of one rank side by side: a pool of its own, apart from every other one.
//!
//! Which worker computes which page, and when, shows nowhere: pages of a rank do not depend on each other, what
//! became of them is gathered by their order, and of several errors the first page's is told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mmsb_types::env;
use rayon_core::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use crate::{Outcome, WorkersError};

/// Pages of one rank from which on the others are woken: waking takes as long as some dozens of small pages.
const SHARED_FROM: usize = 64;
/// Pieces that each worker takes of a rank, more or less: enough to even out pages that take longer.
const PIECES: usize = 8;

/// Threads for waves.
#[derive(Debug)]
pub struct Workers {
    /// None where the calling thread is the only worker.
    pool: Option<ThreadPool>,
    count: usize,
    shared_from: usize,
}

/// One page's turn among others of its rank.
pub struct Job<E> {
    pub slot: u32,
    /// Where its causes end in the wave's list.
    pub causes_end: usize,
    /// None as long as nobody computed it, for good if an earlier page failed.
    pub result: Option<Result<Outcome, E>>,
}

impl Workers {
    /// Starts so many threads; none at all for less than two, and waves run in the thread that asks for them.
    ///
    /// # Errors
    /// [`WorkersError::Start`] if the system has no thread to spare.
    pub fn new(count: usize) -> Result<Self, WorkersError> {
        let pool = (count > 1).then(|| start(count)).transpose()?;
        Ok(Self { pool, count: count.max(1), shared_from: SHARED_FROM })
    }

    /// Sets how many pages a rank must have for more than one worker to pay; 64 if not said. Few are worth it where
    /// each takes long.
    #[must_use]
    pub fn shared_from(mut self, pages: usize) -> Self {
        self.shared_from = pages.max(2);
        self
    }

    /// Returns how many workers there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Tells whether so many pages of one rank are shared out.
    pub(crate) fn pay_for(&self, pages: usize) -> bool {
        self.pool.is_some() && pages >= self.shared_from
    }

    /// Does `compute` for each job and its place, in whatever order; after a failed one, later ones may stay undone,
    /// earlier ones do not.
    pub(crate) fn share<E: Send>(
        &self,
        jobs: &mut [Job<E>],
        compute: impl Fn(usize, &Job<E>) -> Result<Outcome, E> + Sync,
    ) {
        let Some(pool) = &self.pool else { return };
        let piece = (jobs.len() / (self.count * PIECES)).max(1);
        // Pieces are taken in order, so whoever is before a failed one was taken and will be finished.
        let pieces = Mutex::new(jobs.chunks_mut(piece).enumerate().fuse());
        pool.scope(|scope| {
            for _ in 0..self.count {
                scope.spawn(|_| {
                    while let Some((place, jobs)) = next(&pieces) {
                        if do_piece(place * piece, jobs, &compute).is_err() {
                            stop(&pieces);
                        }
                    }
                });
            }
        });
    }
}

fn start(count: usize) -> Result<ThreadPool, WorkersError> {
    let spawn = |thread: ThreadBuilder| {
        let name = format!("mmsb-wave-{}", thread.index());
        env::spawn(&name, || thread.run()).map(drop)
    };
    let pool = ThreadPoolBuilder::new().num_threads(count).spawn_handler(spawn).build();
    pool.map_err(|source| WorkersError::Start { count, source })
}

struct Failed;

fn do_piece<E>(
    start: usize,
    jobs: &mut [Job<E>],
    compute: &impl Fn(usize, &Job<E>) -> Result<Outcome, E>,
) -> Result<(), Failed> {
    for (place, job) in (start..).zip(jobs) {
        let result = compute(place, job);
        let is_err = result.is_err();
        job.result = Some(result);
        if is_err {
            return Err(Failed);
        }
    }
    Ok(())
}

fn next<T>(pieces: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    lock(pieces).next()
}

/// Leaves nothing to take.
fn stop<T>(pieces: &Mutex<impl Iterator<Item = T>>) {
    lock(pieces).by_ref().for_each(drop);
}

/// Taking a piece cannot leave the rest half done, so a panic elsewhere does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
