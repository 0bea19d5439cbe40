//! Commits that several threads make at once, handed out to whoever asks next, so that all threads end together.
//!
//! Each commit's epoch is kept: afterwards the shadow makes the commits in the order of their epochs, and must come to
//! the same pages.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use mmsb::{Bus, Epoch};

use crate::{pages::Change, shadow::Shadow, together::Together, world::World};

/// Commits that a thread takes at a time.
const TAKEN: usize = 16;

/// How the threads work.
pub struct Crowd<'w> {
    /// The processors of the threads.
    pub processors: &'w [usize],
    /// Deltas of a commit.
    pub count: usize,
    /// Makes a commit.
    pub commit: &'w (dyn Fn(&Bus, &[Change]) -> Result<Epoch> + Sync),
    /// What each thread waits for when no commit is left; it is inside the clock.
    pub end: &'w (dyn Fn(&World) -> Result<()> + Sync),
}

impl Crowd<'_> {
    /// Makes so many new random changes, and compares what came out of them with the model.
    ///
    /// # Errors
    /// Those of the commits; if an epoch is missing, or a page is not what the commits make of it.
    pub fn run(&self, world: &mut World, deltas: usize) -> Result<Together> {
        world.renew(deltas);
        world.settle()?;
        let before = world.bus.epoch().get();
        let chunks: Vec<_> = world.changes.chunks(self.count).collect();
        let epochs: Vec<AtomicU64> = chunks.iter().map(|_| AtomicU64::new(0)).collect();
        let next = AtomicUsize::new(0);
        let together = Together::run(self.processors, |_| {
            self.work(&world.bus, &chunks, &epochs, &next)?;
            (self.end)(world)
        })?;
        let mut order: Vec<_> = epochs.into_iter().map(AtomicU64::into_inner).zip(chunks).collect();
        apply_in_order(&mut world.shadow, before, &mut order)?;
        world.settle()?;
        world.verify()?;
        Ok(together)
    }

    /// One thread's part: commits until none is left.
    fn work(&self, bus: &Bus, chunks: &[&[Change]], epochs: &[AtomicU64], next: &AtomicUsize) -> Result<()> {
        loop {
            let first = next.fetch_add(TAKEN, Ordering::Relaxed);
            if first >= chunks.len() {
                return Ok(());
            }
            for index in first..(first + TAKEN).min(chunks.len()) {
                epochs[index].store((self.commit)(bus, chunks[index])?.get(), Ordering::Relaxed);
            }
        }
    }
}

/// Brings the model to where the commits are, whose epochs are to be all those behind `before`.
fn apply_in_order(shadow: &mut Shadow, before: u64, commits: &mut [(u64, &[Change])]) -> Result<()> {
    commits.sort_unstable_by_key(|(epoch, _)| *epoch);
    for (expected, (epoch, chunk)) in (before + 1..).zip(commits) {
        ensure!(*epoch == expected, "a commit made e{epoch}, where e{expected} was to come");
        shadow.apply(chunk);
    }
    Ok(())
}
