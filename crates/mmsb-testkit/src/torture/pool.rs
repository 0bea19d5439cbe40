//! Many cases on all processors: each must end, without a panic anywhere, and without memory beyond a bound.
//!
//! Invariant: a case that takes more than [`HANG`] of its processor, or has not come further for [`STUCK`], ends
//! the process, after it was named: nobody can stop a thread that hangs. Time is the processor's, where the system
//! tells it, so that a machine that has much else to do is no reason to complain.

mod life;

use std::{
    cell::RefCell,
    fmt::Write as _,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{park_timeout, scope},
    time::{Duration, Instant},
};

use self::life::{Life, Watch};
use super::{Tally, Task};

/// Cases at a time.
pub const WORKERS: u64 = 2;
/// Memory that a case may take beyond what its files take.
pub const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// More failures than these are not looked for.
const FAILURES_MAX: usize = 12;
/// How often somebody looks for cases that hang.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often progress is told.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// The most that [`reads`] was told in this run.
static FILE_BYTES_MAX: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static MINE: RefCell<Option<Arc<Life>>> = const { RefCell::new(None) };
}

/// Tells that the case goes on: what follows may take as long again. For cases that try many things in turn.
pub fn beat() {
    MINE.with_borrow(|mine| mine.iter().for_each(|life| life.beat()));
}

/// Tells how many bytes the files have that the case is about to read: what it may take of memory beside.
pub fn reads(bytes: u64) {
    FILE_BYTES_MAX.fetch_max(bytes, Ordering::Relaxed);
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
    lives: Vec<Arc<Life>>,
    /// What was allocated when the run began, and the most there ever had been.
    memory: (u64, u64),
}

/// Tries `cases` cases of `name`, each by its number; `case` returns how many it counted for, or what failed.
///
/// # Panics
/// If a worker cannot be started.
pub fn each(name: &str, task: &Task, cases: u64, case: impl Fn(u64) -> Result<u64, String> + Sync) -> Tally {
    FILE_BYTES_MAX.store(0, Ordering::Relaxed);
    let shared = Shared {
        task,
        next: AtomicU64::new(0),
        tried: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        failures: Mutex::default(),
        panics: Arc::default(),
        lives: (0..WORKERS).map(|_| Arc::default()).collect(),
        memory: ((task.memory.now)(), (task.memory.peak)()),
    };
    let panics = Arc::clone(&shared.panics);
    let hook = take_hook();
    set_hook(Box::new(move |info| locked(&panics).push(info.to_string().replace('\n', " "))));
    scope(|scope| {
        let shared = &shared;
        let case = &case;
        let workers: Vec<_> =
            shared.lives.iter().map(|mine| scope.spawn(move || shared.work(mine, cases, case))).collect();
        let watcher = scope.spawn(move || shared.watch(name, cases));
        workers.into_iter().for_each(|worker| worker.join().expect("a worker"));
        shared.is_over.store(true, Ordering::Release);
        watcher.thread().unpark();
    });
    set_hook(hook);
    let failures = locked(&shared.failures).drain(..).collect();
    Tally { tried: shared.tried.load(Ordering::Relaxed), failures, notes: Vec::new() }
}

impl Shared<'_> {
    fn work(&self, mine: &Arc<Life>, cases: u64, case: &(impl Fn(u64) -> Result<u64, String> + Sync)) {
        mine.belongs_here();
        MINE.set(Some(Arc::clone(mine)));
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= cases || self.is_enough() {
                return;
            }
            mine.begin(number);
            let done = catch_unwind(AssertUnwindSafe(|| case(number)));
            mine.end();
            match done {
                Ok(Ok(tried)) => drop(self.tried.fetch_add(tried, Ordering::Relaxed)),
                Ok(Err(failure)) => self.fail(number, &failure),
                Err(_) => {}
            }
            for panic in locked(&self.panics).drain(..) {
                self.fail(number, &panic);
            }
            if let Some(taken) = self.took_too_much() {
                self.fail(number, &format!("{taken} bytes of memory were taken, here or beside it"));
            }
        }
    }

    /// Tells how much memory was taken at some time of this run, if that is more than all workers together may.
    ///
    /// The allocator counts for the whole process: a peak of an earlier run hides lower ones.
    fn took_too_much(&self) -> Option<u64> {
        let (start, peak_before) = self.memory;
        let bound = start + WORKERS * (MEMORY_BYTES_MAX + FILE_BYTES_MAX.load(Ordering::Relaxed));
        let peak = (self.task.memory.peak)();
        (peak > bound.max(peak_before)).then(|| peak - start)
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
        let mut watches: Vec<_> = self.lives.iter().map(|life| Watch::new(life)).collect();
        while !self.is_over.load(Ordering::Acquire) {
            park_timeout(LOOK_EVERY);
            if let Some(number) = watches.iter_mut().find_map(Watch::look) {
                eprintln!("{name}: MMSB_SEED={} case {number} hangs", self.task.seed);
                std::process::exit(3);
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
