//! Memory of this process as the kernel counts it, and a thread that watches it.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::{REPEATS_MIN, Sample};

const PERIOD: Duration = Duration::from_millis(10);

/// What is in memory of this process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rss {
    /// Everything.
    pub total: u64,
    /// What no file is behind: heap, stacks, pages of a bus.
    pub anon: u64,
}

impl Rss {
    /// Looks now.
    ///
    /// # Errors
    /// If the kernel does not tell.
    pub fn now() -> Result<Self> {
        let text = fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
        let field = |name: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(name));
            let number = rest.and_then(|rest| rest.split_ascii_whitespace().next());
            let kib = number.and_then(|number| number.parse::<u64>().ok());
            kib.map(|kib| kib << 10).with_context(|| format!("/proc/self/status has no {name}"))
        };
        Ok(Self { total: field("VmRSS:")?, anon: field("RssAnon:")? })
    }
}

/// A thread that looks every ten milliseconds.
#[derive(Debug)]
pub struct Watch {
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<Result<Vec<u64>>>,
}

impl Watch {
    /// Starts looking.
    #[must_use]
    pub fn start() -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stopping);
        let thread = thread::spawn(move || {
            let mut samples = Vec::with_capacity(1 << 12);
            while !asked.load(Ordering::Relaxed) {
                samples.push(Rss::now()?.total);
                thread::sleep(PERIOD);
            }
            Ok(samples)
        });
        Self { stopping, thread }
    }

    /// Stops looking and returns what was seen: the whole memory in bytes, in the order of time.
    ///
    /// # Errors
    /// If a look failed.
    pub fn stop(self) -> Result<Vec<u64>> {
        self.stopping.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the thread that watches memory panicked"))?
    }
}

/// Returns the last third of the samples as shares of the mean of the first: 1 where memory is flat.
///
/// # Errors
/// If there are too few.
pub fn drift(samples: &[u64]) -> Result<Sample> {
    let third = samples.len() / 3;
    ensure!(third >= REPEATS_MIN, "{} samples of memory are too few", samples.len());
    let first = samples[..third].iter().sum::<u64>() as f64 / third as f64;
    Sample::of(samples[samples.len() - third..].iter().map(|&bytes| bytes as f64 / first).collect())
}

/// Returns the samples divided by `unit`.
///
/// # Errors
/// If there are too few.
pub fn sample(samples: &[u64], unit: f64) -> Result<Sample> {
    Sample::of(samples.iter().map(|&bytes| bytes as f64 / unit).collect())
}
