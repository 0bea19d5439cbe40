//! A value that is set once, by somebody who may be interrupted.

use std::sync::PoisonError;

use shuttle::sync::Mutex;

/// Stands in for the standard library's, whose waiters would stop the one whom they wait for: all are one thread
/// of the system.
#[derive(Debug)]
pub struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    making: Mutex<()>,
}

impl<T> OnceLock<T> {
    /// As the standard library's.
    #[must_use]
    pub const fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), making: Mutex::new(()) }
    }

    /// As the standard library's.
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// As the standard library's.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.value.get() {
            return value;
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if self.value.get().is_none() {
            let value = make();
            return self.value.get_or_init(|| value);
        }
        self.value.get().expect("set just now")
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}
