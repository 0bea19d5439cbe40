//! How fast a scrubber goes, and when it ends.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use mmsb_types::env;

use crate::sync::{Condvar, Mutex, MutexGuard};

const NANOS: u128 = 1_000_000_000;

/// So many bytes a second, until it is ended.
#[derive(Debug)]
pub(super) struct Pace {
    bytes_per_second: u64,
    ended: Mutex<bool>,
    changed: Condvar,
    /// When what was read so far is paid for.
    paid: Mutex<Option<Instant>>,
}

impl Pace {
    pub(super) fn new(bytes_per_second: u64) -> Self {
        let (ended, changed, paid) = (Mutex::default(), Condvar::default(), Mutex::default());
        Self { bytes_per_second: bytes_per_second.max(1), ended, changed, paid }
    }

    /// Waits as long as so many bytes take; false once it is ended, at once.
    pub(super) fn pay(&self, bytes: usize) -> bool {
        let due = self.due(env::now(), bytes);
        self.wait_until(due);
        !self.has_ended()
    }

    /// Waits for a while, or until it is ended.
    pub(super) fn rest(&self, rest: Duration) {
        let until = env::now().checked_add(rest);
        self.wait_until(until);
    }

    pub(super) fn end(&self) {
        *lock(&self.ended) = true;
        self.changed.notify_all();
    }

    pub(super) fn has_ended(&self) -> bool {
        *lock(&self.ended)
    }

    /// Returns when so many bytes more are paid for: behind those before them, never for time that went by unused.
    fn due(&self, now: Instant, bytes: usize) -> Option<Instant> {
        let mut paid = lock(&self.paid);
        let begin = paid.map_or(now, |paid| paid.max(now));
        *paid = begin.checked_add(price(bytes, self.bytes_per_second));
        *paid
    }

    /// Waits; without an end if the time is none that a clock can tell.
    fn wait_until(&self, due: Option<Instant>) {
        let mut ended = lock(&self.ended);
        while !*ended {
            let left = due.map_or(Duration::MAX, |due| due.saturating_duration_since(env::now()));
            if left.is_zero() {
                return;
            }
            let woken = self.changed.wait_timeout(ended, left);
            ended = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Returns how long so many bytes take.
fn price(bytes: usize, bytes_per_second: u64) -> Duration {
    let nanos = bytes as u128 * NANOS / u128::from(bytes_per_second);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Values are set in one step: a panic elsewhere left nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes_per_second: u64, reads: &[(u64, usize)], expected_ms: &[u64]) {
        let (pace, start) = (Pace::new(bytes_per_second), env::now());
        let due = |&(at_ms, bytes): &(u64, usize)| {
            let due = pace.due(start + Duration::from_millis(at_ms), bytes).unwrap();
            due.duration_since(start).as_millis() as u64
        };
        assert_eq!(reads.iter().map(due).collect::<Vec<_>>(), expected_ms);
    }

    #[test]
    fn bytes_are_paid_for_one_behind_the_other() {
        check(1000, &[(0, 100), (0, 100), (50, 100)], &[100, 200, 300]);
    }

    #[test]
    fn time_that_went_by_buys_nothing() {
        check(1000, &[(0, 100), (900, 100)], &[100, 1000]);
    }

    #[test]
    fn no_speed_at_all_is_the_slowest() {
        check(0, &[(0, 2)], &[2000]);
    }

    #[test]
    fn what_is_ended_waits_no_more() {
        let pace = Pace::new(1);
        pace.end();
        assert!(!pace.pay(usize::MAX));
        pace.rest(Duration::MAX);
    }
}
