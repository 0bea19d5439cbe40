//! A thread that works when it is nudged, and is started with the first nudge.
//!
//! Invariant: it lives no longer than its bus, and keeps no bus alive while it waits.

use std::{
    io,
    sync::{Arc, PoisonError},
};

use mmsb_types::env;

use crate::{
    bus::Inner,
    sync::{
        Condvar, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
        thread::JoinHandle,
    },
};

/// The thread, and how it is told to work.
#[derive(Debug)]
pub(super) struct Nudged {
    name: &'static str,
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// The thread was started, or must not be.
    started: AtomicBool,
}

#[derive(Debug, Default)]
struct Shared {
    call: Mutex<Call>,
    changed: Condvar,
}

/// What the thread is to do.
#[derive(Clone, Copy, Debug, Default)]
struct Call {
    work: bool,
    stop: bool,
}

impl Nudged {
    /// Makes one that is not started yet, and never will be with `is_off`.
    pub(super) fn new(name: &'static str, is_off: bool) -> Self {
        let (shared, thread) = (Arc::default(), Mutex::new(None));
        Self { name, shared, thread, started: AtomicBool::new(is_off) }
    }

    /// Lets the thread work; if it was not started, starts it with the work that `begin` makes there. Takes a mutex
    /// for a moment.
    ///
    /// # Errors
    /// What the system says that starts none; it is not tried again.
    pub(super) fn nudge<W: FnMut(&Arc<Inner>)>(
        &self,
        bus: &Arc<Inner>,
        begin: impl FnOnce() -> W + Send + 'static,
    ) -> io::Result<()> {
        let is_first = !self.started.swap(true, Ordering::Relaxed);
        let started = if is_first { self.start(bus, begin) } else { Ok(()) };
        self.shared.call().work = true;
        self.shared.changed.notify_one();
        started
    }

    fn start<W: FnMut(&Arc<Inner>)>(
        &self,
        bus: &Arc<Inner>,
        begin: impl FnOnce() -> W + Send + 'static,
    ) -> io::Result<()> {
        let (shared, bus) = (Arc::clone(&self.shared), Arc::downgrade(bus));
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let run = move || {
            let mut work = begin();
            while shared.wait() {
                let Some(bus) = bus.upgrade() else { return };
                work(&bus);
            }
        };
        *thread = Some(env::spawn(self.name, run)?);
        Ok(())
    }

    /// Ends the thread, and waits for it. None is started any more.
    pub(super) fn stop(&self) {
        self.started.store(true, Ordering::Relaxed);
        self.shared.call().stop = true;
        self.shared.changed.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!(thread = self.name, "a thread of the bus panicked");
        }
    }
}

impl Shared {
    fn call(&self) -> MutexGuard<'_, Call> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a nudge; false if the thread is to end.
    fn wait(&self) -> bool {
        let waiting = self.changed.wait_while(self.call(), |call| !call.work && !call.stop);
        let mut call = waiting.unwrap_or_else(PoisonError::into_inner);
        call.work = false;
        !call.stop
    }
}
