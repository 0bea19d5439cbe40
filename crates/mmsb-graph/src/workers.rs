//! Threads that compute pages of one rank side by side: a pool of its own, apart from every other one.
//!
//! Which worker computes which page, and when, shows nowhere: pages of a rank do not depend on each other, what
//! became of them is gathered by their order, and of several errors the first page's is told. So the clock may say
//! when others are called in: who runs the wave begins a rank alone, and they come once it has taken as long as
//! waking them takes. So a wave takes twice as long as it must at worst, whatever its functions cost.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use mmsb_types::env;
use rayon_core::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use crate::{Step, WorkersError};

/// How long a rank is computed alone: about what it takes until others are awake and at work.
const PATIENCE: Duration = Duration::from_micros(50);
/// Pieces that each worker takes of a rank, more or less: enough to even out pages that take longer.
const PIECES: usize = 8;

/// Threads for waves.
#[derive(Debug)]
pub struct Workers {
    /// None where the calling thread is the only worker; else all workers but that one.
    pool: Option<ThreadPool>,
    patience: Duration,
}

/// One page's turn among others of its rank.
pub struct Job<M, E> {
    pub step: Step,
    /// None as long as nobody computed it, for good if an earlier page failed.
    pub result: Option<Result<M, E>>,
}

/// How long the wave's thread goes on alone with a rank.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    since: Option<Instant>,
}

impl Workers {
    /// Makes so many workers: the thread that runs a wave, and one thread for each of the others, which starts with
    /// `at_start`.
    ///
    /// # Errors
    /// [`WorkersError::Start`] if the system has no thread to spare.
    pub fn new(count: usize, at_start: fn()) -> Result<Self, WorkersError> {
        let pool = (count > 1).then(|| start(count - 1, at_start)).transpose()?;
        Ok(Self { pool, patience: PATIENCE })
    }

    /// Makes the thread that runs a wave the only worker.
    #[must_use]
    pub fn alone() -> Self {
        Self { pool: None, patience: PATIENCE }
    }

    /// Sets how long a rank is computed alone before the others are called in; 50 microseconds if not said.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.pool.is_none()
    }

    pub(crate) fn patience(&self) -> Patience {
        Patience { limit: self.patience, since: None }
    }

    /// Does `compute` for each job that is not done, in whatever order; after a failed one, later ones may stay undone,
    /// earlier ones do not.
    pub(crate) fn share<M: Send, E: Send>(
        &self,
        jobs: &mut [Job<M, E>],
        compute: impl Fn(&Step) -> Result<M, E> + Sync,
    ) {
        let Some(pool) = self.pool.as_ref().filter(|_| !jobs.is_empty()) else { return };
        let others = pool.current_num_threads();
        let piece = (jobs.len() / ((others + 1) * PIECES)).max(1);
        // Pieces are taken in order, so whoever is before a failed one was taken and will be finished.
        let pieces = Mutex::new(jobs.chunks_mut(piece).fuse());
        let work = || {
            while let Some(jobs) = next(&pieces) {
                if do_piece(jobs, &compute).is_err() {
                    // Nothing is left to take.
                    lock(&pieces).by_ref().for_each(drop);
                }
            }
        };
        pool.in_place_scope(|scope| {
            (0..others).for_each(|_| scope.spawn(|_| work()));
            work();
        });
    }
}

impl Patience {
    /// Tells whether to call others in for so many pages that are left of the rank.
    pub(crate) fn is_over(&mut self, left: usize) -> bool {
        if left < 2 {
            return false;
        }
        let now = env::now();
        now - *self.since.get_or_insert(now) >= self.limit
    }
}

fn start(count: usize, at_start: fn()) -> Result<ThreadPool, WorkersError> {
    let spawn = |thread: ThreadBuilder| {
        let name = format!("mmsb-wave-{}", thread.index());
        env::spawn(&name, || thread.run()).map(drop)
    };
    let pool = ThreadPoolBuilder::new().num_threads(count).start_handler(move |_| at_start());
    pool.spawn_handler(spawn).build().map_err(|source| WorkersError::Start { count, source })
}

struct Failed;

fn do_piece<M, E>(jobs: &mut [Job<M, E>], compute: &impl Fn(&Step) -> Result<M, E>) -> Result<(), Failed> {
    for job in jobs {
        let result = job.result.get_or_insert_with(|| compute(&job.step));
        if result.is_err() {
            return Err(Failed);
        }
    }
    Ok(())
}

/// Takes a piece; while it is done, others take theirs.
fn next<T>(pieces: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    lock(pieces).next()
}

/// Taking a piece cannot leave the rest half done, so a panic elsewhere does not matter.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
