//! Work on two processors at once, and the proof that it was at once.
//!
//! A run counts only if each thread stayed on a processor of its own, their times overlap, and neither waited
//! long for its processor. A thread that waits for the other one by itself is the measured code's doing, and
//! counts; a thread that the machine did not let run is not, and the run is made again.

use std::{
    fmt,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rustix::thread::sched_getcpu;

use crate::{
    clock::{queue_time, steal_time, thread_time},
    pin::{panicked, pin},
};

/// Of the time from the first start to the last end, both must be at work for this share.
const OVERLAP_MIN: f64 = 0.9;
/// Of its time, a thread may wait for its processor this share; the log's own thread takes a part of it.
const QUEUED_MAX: f64 = 0.25;
/// Of the two processors' time, other machines may take this share.
const STEAL_MAX: f64 = 0.1;
/// Runs that may be thrown away for each that counts.
const DISCARDS_MAX: u32 = 10;

/// No run counted: the machine had no two processors to spare. Says nothing about what was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAtOnce(String);

impl NotAtOnce {
    /// Says why the last run did not count.
    #[must_use]
    pub const fn new(why: String) -> Self {
        Self(why)
    }
}

impl fmt::Display for NotAtOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no run on two processors counts: {}", self.0)
    }
}

impl std::error::Error for NotAtOnce {}

/// One thread's part of a run.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// When it began.
    pub start: Instant,
    /// When it ended.
    pub end: Instant,
    /// Processor time it used.
    pub busy: Duration,
    /// Time it was ready and had no processor.
    pub queued: Duration,
    /// The processor it should use, and those it was on at its start and end.
    pub processors: [usize; 3],
}

/// Both threads' parts.
#[derive(Clone, Copy, Debug)]
pub struct Together {
    /// The parts.
    pub parts: [Part; 2],
    /// Time that other machines took from the processors meanwhile.
    pub steal: Duration,
}

impl Together {
    /// Runs `work(0)` and `work(1)` at once, each on its processor.
    ///
    /// # Errors
    /// The first error of `work`; if a thread cannot be bound or its times cannot be read.
    pub fn run(processors: [usize; 2], work: impl Fn(usize) -> Result<()> + Sync) -> Result<Self> {
        let (barrier, work) = (Barrier::new(2), &work);
        let steal = steal_time()?;
        let parts = thread::scope(|scope| {
            let barrier = &barrier;
            let start = |index: usize| scope.spawn(move || part(processors[index], barrier, || work(index)));
            let threads = [start(0), start(1)];
            threads.map(|thread| thread.join().unwrap_or_else(|cause| Err(panicked(&*cause))))
        });
        let [first, second] = parts;
        Ok(Self { parts: [first?, second?], steal: steal_time()?.saturating_sub(steal) })
    }

    /// Repeats `run` until its run on two processors is verified; returns what it returned then, and how many
    /// runs were thrown away.
    ///
    /// # Errors
    /// Those of `run`; [`NotAtOnce`] if none of eleven runs can be verified, with why the last one was not.
    pub fn verified<T>(mut run: impl FnMut() -> Result<(Self, T)>) -> Result<(Self, T, u32)> {
        for discarded in 0..=DISCARDS_MAX {
            let (done, value) = run()?;
            match done.verify() {
                Ok(()) => return Ok((done, value, discarded)),
                Err(why) if discarded == DISCARDS_MAX => return Err(NotAtOnce(why.to_string()).into()),
                Err(_) => {}
            }
        }
        unreachable!("the last round returns")
    }

    /// Returns the time from the first start to the last end.
    #[must_use]
    pub fn wall(&self) -> Duration {
        let [a, b] = self.parts;
        a.end.max(b.end) - a.start.min(b.start)
    }

    /// Checks that the two parts ran at once, each on a processor of its own.
    ///
    /// # Errors
    /// Why they did not.
    pub fn verify(&self) -> Result<()> {
        let [a, b] = self.parts;
        let wall = self.wall().as_secs_f64();
        for Part { start, end, queued, processors: [own, first, last], .. } in self.parts {
            ensure!(own == first && own == last, "a thread for processor {own} was on {first} and {last}");
            let share = queued.as_secs_f64() / (end - start).as_secs_f64();
            ensure!(share <= QUEUED_MAX, "a thread waited {share:.2} of its time for processor {own}");
        }
        ensure!(a.processors[0] != b.processors[0], "both threads were on processor {}", a.processors[0]);
        let both = a.end.min(b.end).saturating_duration_since(a.start.max(b.start)).as_secs_f64();
        ensure!(both / wall >= OVERLAP_MIN, "both were at work for only {:.2} of the time", both / wall);
        let stolen = self.steal.as_secs_f64() / (2.0 * wall);
        ensure!(stolen <= STEAL_MAX, "other machines took {stolen:.2} of the time");
        Ok(())
    }
}

fn part(processor: usize, barrier: &Barrier, work: impl FnOnce() -> Result<()>) -> Result<Part> {
    let pinned = pin(processor);
    // Everyone passes the barrier, or the other thread would wait for ever.
    barrier.wait();
    pinned?;
    let (first, queued, busy, start) = (sched_getcpu(), queue_time()?, thread_time(), Instant::now());
    work()?;
    let (end, busy, queued) = (Instant::now(), thread_time() - busy, queue_time()? - queued);
    Ok(Part { start, end, busy, queued, processors: [processor, first, sched_getcpu()] })
}
