//! Many cases on all processors: each must end, without a panic anywhere, and without memory beyond a bound.
//!
//! Invariant: a case that runs for more than [`HANG`] ends the process, after it was named: nobody can stop a
//! thread that hangs.

use std::{
    cell::RefCell,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{available_parallelism, scope},
    time::{Duration, Instant},
};

use super::{Tally, Task};

/// Longest time that a case may take to its end, or to its next [`beat`].
pub const HANG: Duration = Duration::from_secs(5);
/// Memory that a case may take beyond what its files take.
pub const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// More failures than these are not looked for.
const FAILURES_MAX: usize = 12;
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// The case of a worker, and when it last told that it is alive.
type Running = Mutex<Option<(u64, Instant)>>;

thread_local! {
    static MINE: RefCell<Option<Arc<Running>>> = const { RefCell::new(None) };
}

/// Tells that the case goes on: what follows may take as long again. For cases that try many things in turn.
pub fn beat() {
    MINE.with_borrow(|mine| {
        if let Some(running) = mine
            && let Some((_, since)) = &mut *locked(running)
        {
            *since = Instant::now();
        }
    });
}

/// What the cases of one run share.
struct Shared<'a> {
    task: &'a Task,
    next: AtomicU64,
    tried: AtomicU64,
    is_over: AtomicBool,
    failures: Mutex<Vec<String>>,
    /// What panicked, on whatever thread.
    panics: Arc<Mutex<Vec<String>>>,
    running: Vec<Arc<Running>>,
    memory_start: u64,
}

/// Tries `cases` cases of `name`, each by its number; `case` returns how many it counted for, or what failed.
///
/// # Panics
/// If a worker cannot be started.
pub fn each(name: &str, task: &Task, cases: u64, case: impl Fn(u64) -> Result<u64, String> + Sync) -> Tally {
    let workers = available_parallelism().map_or(2, usize::from);
    let shared = Shared {
        task,
        next: AtomicU64::new(0),
        tried: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        failures: Mutex::default(),
        panics: Arc::default(),
        running: (0..workers).map(|_| Arc::default()).collect(),
        memory_start: (task.memory.now)(),
    };
    let panics = Arc::clone(&shared.panics);
    let hook = take_hook();
    set_hook(Box::new(move |info| locked(&panics).push(info.to_string().replace('\n', " "))));
    scope(|scope| {
        let shared = &shared;
        let case = &case;
        let workers: Vec<_> =
            (0..workers).map(|worker| scope.spawn(move || shared.work(worker, cases, case))).collect();
        scope.spawn(move || shared.watch(name, cases));
        workers.into_iter().for_each(|worker| worker.join().expect("a worker"));
        shared.is_over.store(true, Ordering::Release);
    });
    set_hook(hook);
    let failures = locked(&shared.failures).drain(..).collect();
    Tally { tried: shared.tried.load(Ordering::Relaxed), failures, notes: Vec::new() }
}

impl Shared<'_> {
    fn work(&self, worker: usize, cases: u64, case: &(impl Fn(u64) -> Result<u64, String> + Sync)) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= cases || self.is_enough() {
                return;
            }
            *locked(&self.running[worker]) = Some((number, Instant::now()));
            MINE.set(Some(Arc::clone(&self.running[worker])));
            let done = catch_unwind(AssertUnwindSafe(|| case(number)));
            *locked(&self.running[worker]) = None;
            match done {
                Ok(Ok(tried)) => drop(self.tried.fetch_add(tried, Ordering::Relaxed)),
                Ok(Err(failure)) => self.fail(number, &failure),
                Err(_) => {}
            }
            for panic in locked(&self.panics).drain(..) {
                self.fail(number, &panic);
            }
            let taken = (self.task.memory.now)().saturating_sub(self.memory_start);
            if taken > MEMORY_BYTES_MAX * self.running.len() as u64 * 4 {
                self.fail(number, &format!("{taken} bytes are allocated"));
            }
        }
    }

    fn is_enough(&self) -> bool {
        let failed = locked(&self.failures).len();
        failed >= if self.task.is_hunt { 1 } else { FAILURES_MAX }
    }

    fn fail(&self, number: u64, failure: &str) {
        let line = format!("MMSB_SEED={} case {number}: {failure}", self.task.seed);
        if !self.task.is_hunt {
            eprintln!("{line}");
        }
        locked(&self.failures).push(line);
    }

    /// Tells how far it is, and ends the process if a case hangs.
    fn watch(&self, name: &str, cases: u64) {
        let mut told = Instant::now();
        while !self.is_over.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(20));
            for running in &self.running {
                let Some((number, since)) = *locked(running) else { continue };
                if since.elapsed() > HANG {
                    eprintln!("{name}: MMSB_SEED={} case {number} hangs", self.task.seed);
                    std::process::exit(3);
                }
            }
            if told.elapsed() > TELL_EVERY && !self.task.is_hunt {
                told = Instant::now();
                let mut line =
                    format!("{name}: {} of {cases} cases", self.next.load(Ordering::Relaxed).min(cases));
                let _ = write!(line, ", {} tried", self.tried.load(Ordering::Relaxed));
                eprintln!("{line}, {} failed", locked(&self.failures).len());
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
