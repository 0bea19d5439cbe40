//! Processor time and waiting, as the kernel counts them: what wall time alone would hide.
//!
//! Linux only: everything but the two clocks is read from `/proc`.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use rustix::time::{ClockId, clock_gettime};

/// Name of the thread that writes a log.
pub const FLUSHER: &str = "mmsb-flusher";
/// Length of the ticks in which `/proc/stat` counts.
const TICK: Duration = Duration::from_millis(10);
/// Where `/proc/stat` tells the stolen ticks, behind the word `cpu`.
const STEAL_FIELD: usize = 8;
/// Where it tells the ticks in which processors worked: for users, nice ones, the kernel, and interrupts.
const WORK_FIELDS: [usize; 5] = [1, 2, 3, 6, 7];

/// Measures what a thread's work takes on a processor that nobody else wants: wall time without the time in
/// which the thread was ready to run and the machine ran something else. Whatever the work itself waits for
/// (a lock, another thread, a disk) is in.
///
/// Where the kernel does not count waiting, it is wall time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    start: Instant,
    queued: Option<Duration>,
}

impl Stopwatch {
    /// Starts, for this thread.
    #[must_use]
    pub fn start() -> Self {
        // The clock first here and last at the end: whoever loses the processor in between measures too much,
        // never too little.
        let start = Instant::now();
        Self { start, queued: queue_time().ok() }
    }

    /// Returns the time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let queued = self.queued.and_then(|before| queue_time().ok()?.checked_sub(before));
        self.start.elapsed().saturating_sub(queued.unwrap_or_default())
    }
}

/// Returns the processor time this thread has used.
#[must_use]
pub fn thread_time() -> Duration {
    since_zero(ClockId::ThreadCPUTime)
}

/// Returns the processor time this process has used, all threads together.
#[must_use]
pub fn process_time() -> Duration {
    since_zero(ClockId::ProcessCPUTime)
}

/// Returns how long this thread was ready to run and did not get a processor.
///
/// # Errors
/// If the kernel does not count it.
pub fn queue_time() -> Result<Duration> {
    schedstat(Path::new("/proc/thread-self"), 1)
}

/// Returns the processor time that the living threads of this name have used, together.
///
/// # Errors
/// If the kernel does not count it.
pub fn named_time(name: &str) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in named(name)? {
        // A thread may end between being listed and being read.
        sum += schedstat(Path::new(&format!("/proc/self/task/{thread}")), 0).unwrap_or_default();
    }
    Ok(sum)
}

/// Returns the ids of the living threads of this name.
///
/// # Errors
/// If the kernel lists no threads.
pub fn named(name: &str) -> Result<Vec<i32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/task").context("listing the threads")? {
        let path = entry?.path();
        let is_named = fs::read_to_string(path.join("comm")).is_ok_and(|comm| comm.trim_end() == name);
        let id = path.file_name().and_then(|id| id.to_str()).and_then(|id| id.parse::<i32>().ok());
        found.extend(id.filter(|_| is_named));
    }
    Ok(found)
}

/// Returns how long the machine's processors were ready to run and were given to other machines, all
/// together.
///
/// # Errors
/// If the kernel does not tell.
pub fn steal_time() -> Result<Duration> {
    stat_time(STEAL_FIELD)
}

/// Returns how long the machine's processors were at work, for whichever process, all together.
///
/// # Errors
/// If the kernel does not tell.
pub fn work_time() -> Result<Duration> {
    WORK_FIELDS.into_iter().map(stat_time).sum()
}

/// Reads one of the times of all processors together.
fn stat_time(field: usize) -> Result<Duration> {
    let text = fs::read_to_string("/proc/stat").context("reading /proc/stat")?;
    let line = text.lines().next().context("/proc/stat is empty")?;
    let ticks = line.split_ascii_whitespace().nth(field);
    let ticks = ticks.with_context(|| format!("/proc/stat has no field {field}"))?;
    Ok(TICK * ticks.parse::<u32>().with_context(|| format!("ticks `{ticks}`"))?)
}

fn since_zero(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Reads one of the two times of a thread's `schedstat`: on a processor, and waiting for one.
fn schedstat(thread: &Path, field: usize) -> Result<Duration> {
    let path = thread.join("schedstat");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let nanos = text.split_ascii_whitespace().nth(field).and_then(|nanos| nanos.parse().ok());
    nanos.map(Duration::from_nanos).with_context(|| format!("{} tells no time", path.display()))
}
