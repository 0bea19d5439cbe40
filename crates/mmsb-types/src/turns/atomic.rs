//! The real atomics, with a turn before each step.

use core::sync::atomic;
pub use core::sync::atomic::{Ordering, fence};

use super::turn;

macro_rules! integer {
    ($name:ident, $value:ty) => {
        /// Stands in for the standard library's, bit for bit.
        #[derive(Debug, Default)]
        #[repr(transparent)]
        pub struct $name(atomic::$name);

        #[allow(missing_docs, reason = "each is the standard library's of that name")]
        impl $name {
            #[must_use]
            pub const fn new(value: $value) -> Self {
                Self(atomic::$name::new(value))
            }

            #[inline]
            pub fn load(&self, order: Ordering) -> $value {
                turn();
                self.0.load(order)
            }

            #[inline]
            pub fn store(&self, value: $value, order: Ordering) {
                turn();
                self.0.store(value, order);
            }

            #[inline]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                turn();
                self.0.swap(value, order)
            }

            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            pub fn into_inner(self) -> $value {
                self.0.into_inner()
            }

            pub fn compare_exchange(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                turn();
                self.0.compare_exchange(old, new, success, failure)
            }

            pub fn compare_exchange_weak(
                &self,
                old: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(old, new, success, failure)
            }

            pub fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                change: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                turn();
                self.0.fetch_update(success, failure, change)
            }
        }
    };
}

macro_rules! step {
    ($name:ident, $value:ty, $($step:ident)*) => {
        #[allow(missing_docs, reason = "each is the standard library's of that name")]
        impl $name {
            $(pub fn $step(&self, value: $value, order: Ordering) -> $value {
                turn();
                self.0.$step(value, order)
            })*
        }
    };
}

integer!(AtomicBool, bool);
integer!(AtomicU8, u8);
integer!(AtomicU32, u32);
integer!(AtomicU64, u64);
integer!(AtomicUsize, usize);
step!(AtomicBool, bool, fetch_or fetch_and);
step!(AtomicU8, u8, fetch_add fetch_sub fetch_or fetch_and fetch_max);
step!(AtomicU32, u32, fetch_add fetch_sub fetch_or fetch_and fetch_max);
step!(AtomicU64, u64, fetch_add fetch_sub fetch_or fetch_and fetch_max);
step!(AtomicUsize, usize, fetch_add fetch_sub fetch_or fetch_and fetch_max);

/// Stands in for the standard library's, bit for bit.
#[derive(Debug)]
#[repr(transparent)]
pub struct AtomicPtr<T>(atomic::AtomicPtr<T>);

#[allow(missing_docs, reason = "each is the standard library's of that name")]
impl<T> AtomicPtr<T> {
    #[must_use]
    pub const fn new(start: *mut T) -> Self {
        Self(atomic::AtomicPtr::new(start))
    }

    pub fn load(&self, order: Ordering) -> *mut T {
        turn();
        self.0.load(order)
    }

    pub fn store(&self, start: *mut T, order: Ordering) {
        turn();
        self.0.store(start, order);
    }

    pub fn swap(&self, start: *mut T, order: Ordering) -> *mut T {
        turn();
        self.0.swap(start, order)
    }

    pub fn get_mut(&mut self) -> &mut *mut T {
        self.0.get_mut()
    }
}
