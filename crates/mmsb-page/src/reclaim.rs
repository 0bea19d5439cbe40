//! Values swapped whole while others read them: retire, then reclaim.
//!
//! Readers never wait and never make anyone wait. Whoever replaces a value retires the old one; it is freed
//! once everyone who may still look at it has gone on. This is the only file that names crossbeam-epoch.
//!
//! Invariant: `current` points to a boxed value that nobody frees; a pointer taken out of it is freed once,
//! after every reader that was pinned at the time of its retirement has unpinned.

use std::{marker::PhantomData, ptr::NonNull};

use crossbeam_epoch as reclamation;

use crate::sync::{AtomicPtr, Fault, Ordering, is_planted, owned};

/// A value that is read by many and replaced, now and then, as a whole.
///
/// ```
/// let newest = mmsb_page::Swap::new(String::from("old"));
/// assert_eq!(newest.read(|text| text.len()), 3);
/// drop(newest.replace(Box::new(String::from("newer"))));
/// assert_eq!(newest.read(|text| text.len()), 5);
/// ```
pub struct Swap<T> {
    current: AtomicPtr<T>,
    /// It owns a value: whether it may be sent or shared goes by the value.
    owned: PhantomData<Box<T>>,
}

/// A value that was replaced. Dropped, it is freed as soon as nobody looks at it any more.
///
/// Dropping one may allocate and free others; keep it until that does not matter.
#[must_use = "drop it where allocating is allowed"]
pub struct Retired<T: Send + 'static> {
    value: NonNull<T>,
}

impl<T: Send + Sync + 'static> Swap<T> {
    /// Starts with `value`.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { current: AtomicPtr::new(Box::into_raw(Box::new(value))), owned: PhantomData }
    }

    /// Calls `look` with the newest value, which lives on at least until `look` returns.
    ///
    /// Keep it short: while it runs, no value retired meanwhile is freed, in the whole process.
    ///
    /// # Cost
    /// Some 10 ns; no lock, no waiting.
    pub fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        let _pinned = reclamation::pin();
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: the pointer was current while this thread was pinned, so whoever retires it does so later
        // and it is not freed before the pin ends; the acquiring load shows the value as it was stored.
        // Nobody has it mutably: values are only ever lent shared.
        look(unsafe { &*current })
    }

    /// Replaces the value and returns the old one, still whole. Allocates nothing, frees nothing.
    pub fn replace(&self, next: Box<T>) -> Retired<T> {
        let old = self.current.swap(Box::into_raw(next), Ordering::AcqRel);
        // SAFETY: it came from a box, which is never null.
        Retired { value: unsafe { NonNull::new_unchecked(old) } }
    }
}

impl<T> Drop for Swap<T> {
    fn drop(&mut self) {
        let current = owned(&mut self.current);
        // SAFETY: it came from a box, and nobody else can look: `read` borrows this value.
        drop(unsafe { Box::from_raw(current) });
    }
}

impl<T: Send + 'static> Drop for Retired<T> {
    fn drop(&mut self) {
        let value = self.value.as_ptr();
        let pinned = reclamation::pin();
        let free = move || {
            // SAFETY: it came from a box. This `Retired` was its only owner and is gone, and this closure runs
            // once, when no reader that may have found the pointer is left.
            drop(unsafe { Box::from_raw(value) });
        };
        if is_planted(Fault::FreedAtOnce) {
            return free();
        }
        // SAFETY: the value can be sent and borrows nothing, so any thread may run the closure at any later
        // time. Who pins from now on does not find the pointer: it was taken out of its `Swap` before.
        unsafe { pinned.defer_unchecked(free) };
    }
}

impl<T> std::fmt::Debug for Swap<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Swap")
    }
}

impl<T: Send + 'static> std::fmt::Debug for Retired<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Retired")
    }
}
