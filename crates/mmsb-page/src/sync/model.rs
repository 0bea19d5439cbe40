//! The model checker's atomics and locks, for words that lie in mapped memory.
//!
//! Loom's atomics are values with a life; this crate's are words in zeroed mappings. So a word here is as
//! long as the real one, and holds either its first value or the number of the loom atomic that plays it,
//! given to it when somebody first looks. The atomics are made before the model's threads are
//! ([`begin`]), as the zeros of a mapping are there before anyone finds it.
//!
//! Invariant: all threads of a model run on one thread of the system, one at a time, and change places
//! only inside loom's own operations: what is plain here needs no lock.
#![allow(dead_code, reason = "atomics are whole, whatever part of them the crate uses today")]

use std::{
    cell::{Cell, RefCell, UnsafeCell},
    fmt,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    rc::Rc,
    sync::{LockResult, TryLockError, TryLockResult},
    time::Duration,
};

pub(crate) use loom::{
    hint::spin_loop,
    sync::atomic::{Ordering, fence},
    thread::yield_now,
};

type Player = loom::sync::atomic::AtomicU64;

thread_local! {
    static CAST: RefCell<Cast> = RefCell::default();
}

/// The loom atomics of one run of a model.
#[derive(Default)]
struct Cast {
    /// Nobody's yet; all zero.
    waiting: Vec<Rc<Player>>,
    /// Each with what its zero stands for: a word's first value.
    playing: Vec<(Rc<Player>, u64)>,
}

/// Starts a run of a model that looks at `word_count` words at most.
///
/// Must be called first, by the model's first thread.
pub fn begin(word_count: usize) {
    let waiting = (0..word_count).map(|_| Rc::new(Player::new(0))).collect();
    CAST.set(Cast { waiting, playing: Vec::new() });
}

/// A clock that stands still: what a model does must not depend on time.
#[derive(Clone, Copy)]
pub(crate) struct Instant;

impl Instant {
    pub(crate) fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// Tells that time.
pub(crate) fn now() -> Instant {
    Instant
}

/// Lets the others run.
pub(crate) fn park_timeout(_: Duration) {
    yield_now();
}

/// Reads a pointer that nobody else can touch any more.
pub(crate) fn owned<T>(pointer: &mut AtomicPtr<T>) -> *mut T {
    let word = &pointer.address.0;
    // Not a load, which might find an older one: the counting that brought the last owner here is not loom's.
    let newest = || word.play(|player, _| player.fetch_add(0, Ordering::AcqRel));
    let bits = if word.is_played() { newest() } else { word.held.get() };
    bits as usize as *mut T
}

/// Fails the model. A thread that unwinds already has failed it.
pub(crate) fn abort() {
    assert!(std::thread::panicking(), "the process would have aborted");
}

/// Loom's mutex around the value. A thread that unwinds has failed the model: its destructors get in.
pub(crate) struct Mutex<T> {
    turn: loom::sync::Mutex<()>,
    value: UnsafeCell<T>,
}

/// The right to the value, until dropped.
pub(crate) struct MutexGuard<'a, T> {
    value: &'a UnsafeCell<T>,
    /// `None` for a thread that unwinds.
    _turn: Option<loom::sync::MutexGuard<'a, ()>>,
}

// SAFETY: the file's invariant: a model's threads take turns on one thread of the system.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { turn: loom::sync::Mutex::new(()), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let unwinds = std::thread::panicking();
        let turn = if unwinds { None } else { Some(self.turn.lock().expect("models do not poison")) };
        Ok(MutexGuard { value: &self.value, _turn: turn })
    }

    pub(crate) fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let turn = self.turn.try_lock().map_err(|_| TryLockError::WouldBlock)?;
        Ok(MutexGuard { value: &self.value, _turn: Some(turn) })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: only the holder of the turn has a guard; a model that unwinds is given up.
        unsafe { &*self.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`, and this guard is borrowed alone.
        unsafe { &mut *self.value.get() }
    }
}

/// A word: its first value, or its player's number below a mark.
struct Word<T> {
    held: Cell<T>,
}

/// What a word may hold.
trait Held: Copy {
    /// Half of the bits, which no first value has.
    const MARK: u64;
    const NUMBER: u64;
    fn to_bits(self) -> u64;
    fn from_bits(bits: u64) -> Self;
}

impl Held for u64 {
    const MARK: u64 = 0xa5a5_5a5a << 32;
    const NUMBER: u64 = (1 << 32) - 1;
    fn to_bits(self) -> u64 {
        self
    }
    fn from_bits(bits: u64) -> Self {
        bits
    }
}

impl Held for u32 {
    const MARK: u64 = 0xa55a << 16;
    const NUMBER: u64 = (1 << 16) - 1;
    fn to_bits(self) -> u64 {
        self.into()
    }
    fn from_bits(bits: u64) -> Self {
        bits as Self
    }
}

impl<T: Held> Word<T> {
    fn is_played(&self) -> bool {
        self.held.get().to_bits() & !T::NUMBER == T::MARK
    }

    /// Plays one operation; `run` gets the player and what its zero stands for.
    ///
    /// A thread that unwinds has failed the model: what its destructors do is no longer played.
    fn play(&self, run: impl FnOnce(&Player, u64) -> u64) -> T {
        if std::thread::panicking() {
            return T::from_bits(0);
        }
        let (player, first) = CAST.with_borrow_mut(|cast| {
            let held = self.held.get().to_bits();
            if !self.is_played() {
                let player = cast.waiting.pop().expect(mmsb_types::plant::TOO_FEW_WORDS);
                self.held.set(T::from_bits(T::MARK | cast.playing.len() as u64));
                cast.playing.push((player, held));
            }
            let number = self.held.get().to_bits() & T::NUMBER;
            let (player, first) = &cast.playing[number as usize];
            (Rc::clone(player), *first)
        });
        T::from_bits(run(&player, first) ^ first)
    }

    /// Changes the word in one step: by `native` where the player's zero is the word's.
    fn change(&self, order: Ordering, native: impl FnOnce(&Player) -> u64, change: impl Fn(T) -> T) -> T {
        self.play(|player, first| {
            if first == 0 {
                return native(player);
            }
            let change = |raw: u64| change(T::from_bits(raw ^ first)).to_bits() ^ first;
            player.fetch_update(order, Ordering::Relaxed, |raw| Some(change(raw))).unwrap_or_default()
        })
    }
}

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        /// Stands in for the atomic of the same name.
        #[repr(transparent)]
        pub(crate) struct $name(Word<$value>);

        // SAFETY: the file's invariant: a model's threads take turns on one thread of the system.
        unsafe impl Sync for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(0)
            }
        }

        impl $name {
            pub(crate) const fn new(value: $value) -> Self {
                Self(Word { held: Cell::new(value) })
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                self.0.play(|player, _| player.load(order))
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                self.0.play(|player, first| {
                    player.store(u64::from(value) ^ first, order);
                    0
                });
            }

            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                self.0.play(|player, first| player.swap(u64::from(value) ^ first, order))
            }

            pub(crate) fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let mut swapped = true;
                let found = self.0.play(|player, first| {
                    let (old, new) = (u64::from(old) ^ first, u64::from(new) ^ first);
                    player.compare_exchange(old, new, success, failure).unwrap_or_else(|found| {
                        swapped = false;
                        found
                    })
                });
                if swapped { Ok(found) } else { Err(found) }
            }

            pub(crate) fn compare_exchange_weak(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(old, new, success, failure)
            }

            pub(crate) fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut change: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut old = self.load(failure);
                while let Some(new) = change(old) {
                    match self.compare_exchange(old, new, success, failure) {
                        Ok(found) => return Ok(found),
                        Err(found) => old = found,
                    }
                }
                Err(old)
            }

            pub(crate) fn fetch_add(&self, value: $value, order: Ordering) -> $value {
                self.0.change(
                    order,
                    |player| player.fetch_add(value.into(), order),
                    |old| old.wrapping_add(value),
                )
            }

            pub(crate) fn fetch_sub(&self, value: $value, order: Ordering) -> $value {
                self.0.change(
                    order,
                    |player| player.fetch_sub(value.into(), order),
                    |old| old.wrapping_sub(value),
                )
            }

            pub(crate) fn fetch_or(&self, value: $value, order: Ordering) -> $value {
                self.0.change(order, |player| player.fetch_or(value.into(), order), |old| old | value)
            }

            pub(crate) fn fetch_and(&self, value: $value, order: Ordering) -> $value {
                self.0.change(order, |player| player.fetch_and(value.into(), order), |old| old & value)
            }

            pub(crate) fn fetch_max(&self, value: $value, order: Ordering) -> $value {
                self.0.change(order, |player| player.fetch_max(value.into(), order), |old| old.max(value))
            }

            /// Reads as plain memory: loom fails the model if anyone may be storing meanwhile.
            pub(crate) fn plain(&self) -> $value {
                // SAFETY: not unsafe at all in a model: loom checks what the caller promises.
                self.0.play(|player, _| unsafe { player.unsync_load() })
            }
        }
    };
}

atomic!(AtomicU64, u64);
atomic!(AtomicU32, u32);

/// Stands in for the atomic of the same name.
pub(crate) struct AtomicPtr<T> {
    address: AtomicU64,
    to: PhantomData<*mut T>,
}

// SAFETY: as for the integers.
unsafe impl<T> Sync for AtomicPtr<T> {}

// SAFETY: it holds an address, as the real one does.
unsafe impl<T> Send for AtomicPtr<T> {}

impl<T> AtomicPtr<T> {
    pub(crate) fn new(start: *mut T) -> Self {
        Self { address: AtomicU64::new(start as usize as u64), to: PhantomData }
    }

    pub(crate) fn load(&self, order: Ordering) -> *mut T {
        self.address.load(order) as usize as *mut T
    }

    pub(crate) fn store(&self, start: *mut T, order: Ordering) {
        self.address.store(start as usize as u64, order);
    }

    pub(crate) fn swap(&self, start: *mut T, order: Ordering) -> *mut T {
        self.address.swap(start as usize as u64, order) as usize as *mut T
    }
}
