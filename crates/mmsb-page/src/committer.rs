//! Who may hold page locks: 254 owner numbers, lent one to a commit.
//!
//! Invariant: a number is lent to at most one committer at a time; 0 and 255 never are. While the pool
//! is closed nobody is lent one; see `committer/all.rs`.

mod all;

use std::{cell::Cell, marker::PhantomData, time::Duration};

pub use all::AllCommitters;

use crate::{
    meta::READER,
    sync::{AtomicU64, Backoff, Fault, Instant, Ordering, now, order, park_timeout, thread_number},
};

const LANE_COUNT: usize = 4;
/// How long a waiter parks between looks, once spinning did not help.
const NAP: Duration = Duration::from_micros(50);
/// How often a nap may be twice the one before.
const NAP_DOUBLINGS_MAX: u32 = 4;
/// Looks before the first nap.
const LOOKS_MAX: u32 = 200;

/// The pool of owner numbers of one store.
pub struct Committers {
    lanes: [Lane; LANE_COUNT],
    /// 1 while somebody holds, or waits for, all numbers. Hardly ever written, so that a look at it
    /// costs those who want one number next to nothing.
    closed: Lane,
}

/// 64 numbers, a set bit for each that is lent; two cache lines of its own, for processors fetch them in pairs: so
/// lanes do not collide.
#[repr(align(128))]
struct Lane(AtomicU64);

/// The right to lock pages under one owner number, until dropped.
///
/// It stays with its thread while it is borrowed: a lock taken with it cannot be sent away.
#[derive(Debug)]
pub struct Committer<'p> {
    lane: &'p AtomicU64,
    number: u8,
    /// One committer locks from one thread at a time, so it must not be shared.
    unshared: PhantomData<Cell<()>>,
}

impl std::fmt::Debug for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lent", self.0.load(Ordering::Relaxed).count_ones())
    }
}

impl std::fmt::Debug for Committers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Committers").field(&self.lanes).finish()
    }
}

impl Committers {
    pub(crate) fn new() -> Self {
        let lanes = std::array::from_fn(|lane| Lane(AtomicU64::new(reserved(lane))));
        Self { lanes, closed: Lane(AtomicU64::new(0)) }
    }

    /// Lends a number, waiting up to `timeout` for one; `None` if all 254 stayed lent, or one holder kept
    /// [all of them](Committers::all).
    ///
    /// A thread tends to get the number it had last.
    ///
    /// # Cost
    /// One atomic operation as long as numbers are free.
    #[inline]
    #[must_use]
    pub fn acquire(&self, timeout: Duration) -> Option<Committer<'_>> {
        if let Some(committer) = self.try_acquire() {
            return Some(committer);
        }
        self.wait_for_one(timeout)
    }

    /// Returns the number that this thread is likely to be lent, if it asks for one now.
    #[inline]
    #[must_use]
    pub fn likely(&self) -> u8 {
        let home = thread_number();
        // Nobody's are the first and the last one: whose they would be gets another one.
        ((home % LANE_COUNT * 64 + home / LANE_COUNT % 64) as u8).clamp(1, READER - 1)
    }

    #[cold]
    fn wait_for_one(&self, timeout: Duration) -> Option<Committer<'_>> {
        let mut patience = Patience::new(timeout);
        loop {
            patience.wait()?;
            if let Some(committer) = self.try_acquire() {
                return Some(committer);
            }
        }
    }

    /// Lends this very number, if nobody has it.
    pub(crate) fn try_number(&self, number: u8) -> Option<Committer<'_>> {
        let (word, bit) = (&self.lanes[usize::from(number) / 64].0, 1 << (number % 64));
        // Acquire: what the last borrower did under the number is visible.
        let was_free = word.fetch_or(bit, Ordering::Acquire) & bit == 0;
        was_free.then(|| Committer::new(word, number.into()))
    }

    fn try_acquire(&self) -> Option<Committer<'_>> {
        if self.closed.0.load(Ordering::Relaxed) != 0 {
            return None;
        }
        let home = thread_number();
        let first = self.take_from(home % LANE_COUNT, home / LANE_COUNT % 64);
        first.or_else(|| self.take_from_others(home))
    }

    #[cold]
    fn take_from_others(&self, home: usize) -> Option<Committer<'_>> {
        (1..LANE_COUNT).find_map(|step| self.take_from((home + step) % LANE_COUNT, home / LANE_COUNT % 64))
    }

    #[inline]
    fn take_from(&self, lane: usize, preferred: usize) -> Option<Committer<'_>> {
        let word = &self.lanes[lane].0;
        let mut lent = word.load(Ordering::Relaxed);
        while lent != u64::MAX {
            let bit = if lent >> preferred & 1 == 0 { preferred } else { lent.trailing_ones() as usize };
            match word.compare_exchange_weak(lent, lent | 1 << bit, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some(Committer::new(word, lane * 64 + bit)),
                Err(newer) => lent = newer,
            }
        }
        None
    }
}

impl<'p> Committer<'p> {
    #[inline]
    fn new(lane: &'p AtomicU64, number: usize) -> Self {
        Self { lane, number: number as u8, unshared: PhantomData }
    }

    /// Returns the owner number, in `1..=254`: what this committer's locks show.
    #[inline]
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }
}

impl Drop for Committer<'_> {
    #[inline]
    fn drop(&mut self) {
        self.lane.fetch_and(!(1 << (self.number % 64)), order(Fault::ReturnOrder, Ordering::Release));
    }
}

/// Waiting with an end: spins, then naps.
pub(crate) struct Patience {
    start: Instant,
    timeout: Duration,
    backoff: Backoff,
    looks: u32,
}

impl Patience {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { start: now(), timeout, backoff: Backoff::default(), looks: 0 }
    }

    /// Waits a little; `None` if the time was over already.
    pub(crate) fn wait(&mut self) -> Option<()> {
        if self.start.elapsed() >= self.timeout {
            return None;
        }
        if self.looks < LOOKS_MAX {
            self.looks += 1;
            self.backoff.wait();
        } else {
            park_timeout(NAP);
        }
        Some(())
    }

    /// Sleeps, longer each time up to about a millisecond; false if the time was over already.
    pub(crate) fn nap(&mut self) -> bool {
        let is_over = self.start.elapsed() >= self.timeout;
        if !is_over {
            park_timeout(NAP * (1 << self.looks.min(NAP_DOUBLINGS_MAX)));
            self.looks += 1;
        }
        !is_over
    }
}

/// Returns the lane's numbers that are nobody's: owner 0 means unlocked, and 255 is every reader's.
fn reserved(lane: usize) -> u64 {
    let of = |number: usize| if number / 64 == lane { 1 << (number % 64) } else { 0 };
    of(0) | of(READER.into())
}
