//! The mark of a thread that runs user code in the middle of a commit.
//!
//! Invariant: while a thread runs a recompute it has the token, and no bus answers it; panics give the token back.

use std::cell::Cell;

use crate::Error;

thread_local! {
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
    static WAS_REFUSED: Cell<bool> = const { Cell::new(false) };
}

/// The mark, until dropped.
#[derive(Debug)]
pub(crate) struct Token {
    before: bool,
}

impl Token {
    /// Marks this thread.
    pub(crate) fn enter() -> Self {
        Self { before: IS_INSIDE.replace(true) }
    }
}

/// Marks this thread for as long as it lives.
pub(crate) fn hold() {
    IS_INSIDE.set(true);
}

impl Drop for Token {
    fn drop(&mut self) {
        IS_INSIDE.set(self.before);
    }
}

/// Refuses a thread that runs a recompute.
///
/// # Cost
/// A look at one byte of the thread's own.
#[inline]
pub(crate) fn check() -> Result<(), Error> {
    if IS_INSIDE.get() { Err(refuse()) } else { Ok(()) }
}

#[cold]
fn refuse() -> Error {
    WAS_REFUSED.set(true);
    Error::Reentrant
}

/// Tells whether this thread was refused since it was asked last, whatever the recompute made of that.
pub(crate) fn take_refused() -> bool {
    WAS_REFUSED.take()
}
