//! Times that were taken, behind a lock that is taken as rarely as they are.

use std::sync::PoisonError;

use hdrhistogram::Histogram;

use super::Timer;
use crate::{
    stats::{Latency, PerformanceStats},
    sync::{Mutex, MutexGuard},
};

/// Times of one bus.
#[derive(Debug)]
pub(super) struct Times(Mutex<Taken>);

#[derive(Debug)]
struct Taken {
    /// What callers waited, in nanoseconds, each as often as it stands for.
    waited: Histogram<u64>,
    timed_count: u64,
    applied_ns: u64,
    propagated_ns: u64,
}

/// One part in a hundred is told apart.
const DIGITS: u8 = 2;
/// What is longer than a minute counts as one.
const WAIT_NS_MAX: u64 = 60_000_000_000;

impl Default for Times {
    fn default() -> Self {
        let waited = Histogram::new_with_max(WAIT_NS_MAX, DIGITS).expect("two digits of a minute fit");
        Self(Mutex::new(Taken { waited, timed_count: 0, applied_ns: 0, propagated_ns: 0 }))
    }
}

impl Times {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cold]
    pub(super) fn add_waited(&self, timer: &Timer) {
        let ns = timer.elapsed_ns();
        let mut taken = self.lock();
        taken.waited.saturating_record_n(ns, timer.weight());
        taken.timed_count += 1;
    }

    #[cold]
    pub(super) fn add_applied(&self, timer: &Timer) {
        let ns = timer.elapsed_ns().saturating_mul(timer.weight());
        let mut taken = self.lock();
        taken.applied_ns = taken.applied_ns.saturating_add(ns);
    }

    #[cold]
    pub(super) fn add_propagated(&self, timer: &Timer) {
        let ns = timer.elapsed_ns().saturating_mul(timer.weight());
        let mut taken = self.lock();
        taken.propagated_ns = taken.propagated_ns.saturating_add(ns);
    }

    pub(super) fn reset(&self) {
        let mut taken = self.lock();
        taken.waited.reset();
        (taken.timed_count, taken.applied_ns, taken.propagated_ns) = (0, 0, 0);
    }

    pub(super) fn tell(&self, performance: &mut PerformanceStats) {
        let taken = self.lock();
        performance.applications.total_ns = taken.applied_ns;
        performance.propagations.total_ns = taken.propagated_ns;
        performance.commit_latency = taken.latency();
    }
}

impl Taken {
    fn latency(&self) -> Latency {
        let at = |quantile: f64| self.waited.value_at_quantile(quantile);
        Latency {
            timed_count: self.timed_count,
            mean_ns: self.waited.mean(),
            p50_ns: at(0.5),
            p90_ns: at(0.9),
            p99_ns: at(0.99),
            p999_ns: at(0.999),
            max_ns: self.waited.max(),
        }
    }
}
