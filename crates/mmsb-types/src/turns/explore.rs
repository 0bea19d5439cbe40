//! Runs under shuttle: the same deeds in many orders.

use shuttle::{
    Config, FailurePersistence, MaxSteps, Runner,
    scheduler::{PctScheduler, RandomScheduler, Scheduler},
};

/// Threads that are sooner or later stopped for long, in the runs that look for that.
const STOPPED_COUNT: usize = 3;
/// A run that takes more turns has a thread that waits in vain.
const TURNS_MAX: usize = 3_000_000;
const STACK_BYTES: usize = 1 << 20;

/// Does it so many times, each time in another order, by seed: drawn anew at every turn, or, where the seed is odd,
/// by priorities that change seldom.
///
/// # Panics
/// If a thread does, if all wait for each other, or if it does not end.
pub fn explore(seed: u64, count: usize, run: impl Fn() + Send + Sync + 'static) {
    if seed.is_multiple_of(2) {
        with(RandomScheduler::new_from_seed(seed, count), run);
    } else {
        with(PctScheduler::new_from_seed(seed, STOPPED_COUNT, count), run);
    }
}

fn with(scheduler: impl Scheduler + 'static, run: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(TURNS_MAX);
    Runner::new(scheduler, config).run(run);
}
