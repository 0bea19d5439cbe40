//! Who works on what, since when, and whether that is a hang.
//!
//! Time is the processor's, where the system tells it, so that a machine with much else to do is no reason to
//! complain.
//!
//! Invariant: a [`beat`](Life::beat) costs no call to the system; the watcher does the asking.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// The most of its processor's time that a case may take to its end, or to its next beat.
const HANG: Duration = Duration::from_secs(5);
/// Longest time that it may take, however little it gets of a processor.
const STUCK: Duration = Duration::from_secs(60);

/// One worker.
#[derive(Debug, Default)]
pub(super) struct Life {
    /// The case, and when it last told that it goes on.
    running: Mutex<Option<(u64, Instant)>>,
    /// The kernel's account of its thread; the first number there are nanoseconds.
    account: OnceLock<PathBuf>,
}

impl Life {
    /// Says that the calling thread is the worker.
    pub(super) fn belongs_here(&self) {
        if let Ok(thread) = fs::read_link("/proc/thread-self") {
            let _ = self.account.set(Path::new("/proc").join(thread).join("schedstat"));
        }
    }

    pub(super) fn begin(&self, number: u64) {
        *self.running() = Some((number, Instant::now()));
    }

    pub(super) fn end(&self) {
        *self.running() = None;
    }

    pub(super) fn beat(&self) {
        if let Some((_, since)) = &mut *self.running() {
            *since = Instant::now();
        }
    }

    /// Returns the processor time of the worker; none ever passes where the system does not tell.
    fn used(&self) -> Duration {
        let account = self.account.get().and_then(|account| fs::read_to_string(account).ok());
        let nanos = account.and_then(|account| account.split_whitespace().next()?.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }

    fn running(&self) -> MutexGuard<'_, Option<(u64, Instant)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who looks at a worker now and then.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    life: &'a Life,
    /// The last beat that was seen, and what the worker had used when it was.
    seen: Option<(Instant, Duration)>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(life: &'a Life) -> Self {
        Self { life, seen: None }
    }

    /// Returns the case that hangs, if one does.
    pub(super) fn look(&mut self) -> Option<u64> {
        let (number, since) = (*self.life.running())?;
        match self.seen.filter(|&(beat, _)| beat == since) {
            None => {
                self.seen = Some((since, self.life.used()));
                None
            }
            Some((_, used)) => {
                let is_stuck = since.elapsed() > STUCK;
                let hangs = || since.elapsed() > HANG && self.life.used().saturating_sub(used) > HANG;
                (is_stuck || hangs()).then_some(number)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Life;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_account_of_a_worker_goes_on_while_it_works() {
        let life = Life::default();
        life.belongs_here();
        let start = life.used();
        while life.used() == start {}
    }
}
