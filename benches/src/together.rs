//! Work on several processors at once, and the proof that it was at once.
//!
//! A run counts only if each thread stayed on a processor of its own, their times overlap, and neither waited
//! long for its processor. A thread that waits for the other one by itself is the measured code's doing, and
//! counts; a thread that the machine did not let run is not, and the run is made again.

use std::{
    fmt,
    sync::Barrier,
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use rustix::thread::sched_getcpu;

use crate::{
    Context, Outcome,
    clock::{queue_time, steal_time, thread_time},
    pin::{panicked, pin},
};

/// Of the time from the first start to the last end, all must be at work for this share.
const OVERLAP_MIN: f64 = 0.9;
/// Of its time, a thread may wait for its processor this share; the log's own thread takes a part of it.
const QUEUED_MAX: f64 = 0.25;
/// Of the processors' time, other machines may take this share.
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
        write!(f, "no run on several processors counts: {}", self.0)
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

/// The threads' parts.
#[derive(Clone, Debug)]
pub struct Together {
    /// The parts.
    pub parts: Vec<Part>,
    /// Time that other machines took from the processors meanwhile.
    pub steal: Duration,
}

impl Together {
    /// Runs `work(0)`, `work(1)` and so on at once, each on its processor.
    ///
    /// # Errors
    /// The first error of `work`; if a thread cannot be bound or its times cannot be read.
    pub fn run(processors: &[usize], work: impl Fn(usize) -> Result<()> + Sync) -> Result<Self> {
        let (barrier, work) = (Barrier::new(processors.len()), &work);
        let steal = steal_time()?;
        let parts = thread::scope(|scope| {
            let barrier = &barrier;
            let start = |(index, &processor): (usize, &usize)| {
                scope.spawn(move || part(processor, barrier, || work(index)))
            };
            let threads: Vec<_> = processors.iter().enumerate().map(start).collect();
            // All are waited for, whoever failed.
            let join = |thread: ScopedJoinHandle<'_, _>| thread.join();
            let ended: Vec<_> = threads.into_iter().map(join).collect();
            let part = |ended: thread::Result<_>| ended.unwrap_or_else(|cause| Err(panicked(&*cause)));
            ended.into_iter().map(part).collect::<Result<Vec<Part>>>()
        });
        Ok(Self { parts: parts?, steal: steal_time()?.saturating_sub(steal) })
    }

    /// Repeats `run` until its run on two processors is verified; returns what it returned then, and how many
    /// runs were thrown away.
    ///
    /// # Errors
    /// Those of `run`; [`NotAtOnce`] if none of eleven runs can be verified, with why the last one was not.
    pub fn verified<T>(run: impl FnMut() -> Result<(Self, T)>) -> Result<(Self, T, u32)> {
        Self::until(run, Self::verify)
    }

    /// As [`Together::verified`], where the run itself has more threads than there are processors: those that are
    /// measured may wait for theirs, and what they wait is in their time.
    ///
    /// # Errors
    /// As [`Together::verified`].
    pub fn verified_crowded<T>(run: impl FnMut() -> Result<(Self, T)>) -> Result<(Self, T, u32)> {
        Self::until(run, Self::verify_at_once)
    }

    fn until<T>(
        mut run: impl FnMut() -> Result<(Self, T)>,
        verify: impl Fn(&Self) -> Result<()>,
    ) -> Result<(Self, T, u32)> {
        for discarded in 0..=DISCARDS_MAX {
            let (done, value) = run()?;
            match verify(&done) {
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
        let [from, to] = self.span();
        to - from
    }

    /// Returns the first start and the last end.
    fn span(&self) -> [Instant; 2] {
        let starts = self.parts.iter().map(|part| part.start);
        let ends = self.parts.iter().map(|part| part.end);
        [starts.min(), ends.max()].map(|moment| moment.expect("there is a part"))
    }

    /// Returns how long all were at work.
    fn overlap(&self) -> Duration {
        let starts = self.parts.iter().map(|part| part.start);
        let ends = self.parts.iter().map(|part| part.end);
        ends.min()
            .zip(starts.max())
            .map_or(Duration::ZERO, |(end, start)| end.saturating_duration_since(start))
    }

    fn verify_apart(&self) -> Result<()> {
        let mut processors: Vec<usize> = self.parts.iter().map(|part| part.processors[0]).collect();
        processors.sort_unstable();
        let shared = processors.windows(2).find(|pair| pair[0] == pair[1]);
        ensure!(shared.is_none(), "two threads were on processor {}", shared.unwrap()[0]);
        Ok(())
    }

    /// Checks that the parts ran at once, each on a processor of its own.
    ///
    /// # Errors
    /// Why they did not.
    pub fn verify(&self) -> Result<()> {
        for Part { start, end, queued, processors: [own, ..], .. } in self.parts.iter().copied() {
            let share = queued.as_secs_f64() / (end - start).as_secs_f64();
            ensure!(share <= QUEUED_MAX, "a thread waited {share:.2} of its time for processor {own}");
        }
        self.verify_at_once()
    }

    /// Checks all of that but for how long they waited.
    fn verify_at_once(&self) -> Result<()> {
        let wall = self.wall().as_secs_f64();
        for [own, first, last] in self.parts.iter().map(|part| part.processors) {
            ensure!(own == first && own == last, "a thread for processor {own} was on {first} and {last}");
        }
        self.verify_apart()?;
        let all = self.overlap().as_secs_f64();
        ensure!(all / wall >= OVERLAP_MIN, "all were at work for only {:.2} of the time", all / wall);
        let stolen = self.steal.as_secs_f64() / (self.parts.len() as f64 * wall);
        ensure!(stolen <= STEAL_MAX, "other machines took {stolen:.2} of the time");
        Ok(())
    }
}

/// Tells that no run on several processors counts: the line's failure, but not on a machine that does other work
/// beside. Any other error, a wrong page above all, is always the line's.
///
/// # Errors
/// Any other error.
pub fn unmeasured(context: &Context, outcome: &mut Outcome, name: &str, error: anyhow::Error) -> Result<()> {
    let why = error.downcast::<NotAtOnce>()?;
    let text = format!("{name}: not measured: {why}");
    if context.lenient() {
        outcome.note(text)
    } else {
        outcome.failure(text)
    };
    Ok(())
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
