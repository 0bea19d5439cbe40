//! Torture: a bus on disks that lose, tear, refuse and damage, judged by a few oracles.
//!
//! Reading order: [`Workload`](workload::Workload) (what is done, and what was promised when), [`oracle`] (what must
//! hold whatever happened), [`lanes`] (what happens), [`pool`] (many cases on all processors, none of which
//! may panic, hang or take memory without end), [`report`] (what came of it).
//!
//! Every lane is run again with faults planted in the engine: one that does not notice is not worth its time.
//!
//! Invariant: a case is a seed and a number; the same ones do the same, as far as threads ever do.

pub mod lanes;
pub mod oracle;
pub mod pool;
pub mod report;
pub mod workload;

use std::{fmt::Debug, time::Instant};

use mmsb_types::plant::{Fault, plant};

pub use self::lanes::LANES;
use self::report::{Row, Twin};

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// What a lane must do before a change is taken.
    Ci,
    /// Much more, for a night.
    Nightly,
    /// Nothing but the hunts for what is planted.
    Twins,
}

/// What a lane is asked to do.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// Cases to try, at least.
    pub cases: u64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The first failure ends it: a hunt for a planted fault.
    pub is_hunt: bool,
    /// What the process takes.
    pub memory: Memory,
}

/// Counts of the process's allocator, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What is allocated now.
    pub now: fn() -> u64,
    /// The most there ever was.
    pub peak: fn() -> u64,
    /// Lets the allocation of this number fail, counted from 1 on; none with 0.
    pub refuse: fn(u64),
}

/// What a lane has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases tried.
    pub tried: u64,
    /// What went wrong: a line each, with the seed.
    pub failures: Vec<String>,
    /// What a reader of the table should know.
    pub notes: Vec<String>,
}

/// One way to make life hard for a bus.
pub struct Lane {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Whether it is part of the quick run.
    pub is_quick: bool,
    /// Cases of a run before a change is taken, and of a night.
    pub cases: (u64, u64),
    /// Does it.
    pub run: fn(&Task) -> Tally,
    /// Faults that it must notice, each within so many cases.
    pub twins: &'static [(Fault, u64)],
}

impl Lane {
    /// Runs the lane, then hunts each of its twins.
    #[must_use]
    pub fn run(&self, scale: Scale, seed: u64, memory: Memory) -> Row {
        let start = Instant::now();
        let cases = match scale {
            Scale::Ci => self.cases.0,
            Scale::Nightly => self.cases.1,
            Scale::Twins => 0,
        };
        eprintln!("{}: {}, seed {seed}", self.name, self.about);
        let tally = (self.run)(&Task { cases, seed, is_hunt: false, memory });
        let hunt = |&(fault, cases): &(Fault, u64)| {
            plant(Some(fault));
            let hunted = (self.run)(&Task { cases, seed, is_hunt: true, memory });
            plant(None);
            let found = hunted.failures.into_iter().next();
            match &found {
                Some(line) => eprintln!("{} ~ {fault:?}: {line}", self.name),
                None => eprintln!("{} ~ {fault:?}: nobody noticed in {} cases", self.name, hunted.tried),
            }
            Twin { fault, is_caught: found.is_some() }
        };
        let twins = self.twins.iter().map(hunt).collect();
        Row { name: self.name, tally, twins, took: start.elapsed() }
    }
}

impl Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lane").field("name", &self.name).finish_non_exhaustive()
    }
}
