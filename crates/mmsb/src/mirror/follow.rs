//! The thread that keeps a mirror at the heels of those who commit.

use std::{sync::PoisonError, time::Duration};

use mmsb_tlog::Followed;
use mmsb_types::Epoch;

use super::Shared;
use crate::{
    Error,
    bus::Inner,
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// So long nobody looks whether the mirror was dropped.
const LOOK_MAX: Duration = Duration::from_millis(50);
/// So long a mirror that failed rests before it tries again.
const REST: Duration = Duration::from_secs(1);

/// Whether a mirror was dropped.
#[derive(Default)]
pub(super) struct Ending {
    has_ended: AtomicBool,
    lock: Mutex<()>,
    ended: Condvar,
}

impl Ending {
    pub fn end(&self) {
        self.has_ended.store(true, Ordering::SeqCst);
        let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.ended.notify_all();
    }

    fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::SeqCst)
    }

    fn rest(&self) {
        let held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.has_ended() {
            drop(self.ended.wait_timeout(held, REST));
        }
    }
}

/// Follows until the mirror is dropped, or the log has ended.
pub(super) fn run(shared: &Shared, bus: &Inner) {
    let Ok(log) = bus.journal.log() else { return };
    let mut has_ended = false;
    while !shared.ending.has_ended() {
        let followed = catch_up(shared, bus);
        match followed {
            Err(error) if has_ended => return tracing::error!(%error, "a mirror's last commits"),
            Err(error) => {
                tracing::warn!(%error, "a mirror rests");
                shared.ending.rest();
            }
            Ok(_) if has_ended => return,
            Ok(epoch) => has_ended = log.follow(epoch.get(), LOOK_MAX) == Followed::Ended,
        }
    }
}

fn catch_up(shared: &Shared, bus: &Inner) -> Result<Epoch, Error> {
    let mut state = shared.lock();
    state.advance(bus.journal.newest())?;
    Ok(state.epoch())
}

/// Waits until perhaps more is published.
///
/// # Errors
/// [`Error::Stopped`], [`Error::Poisoned`]: nothing more will be.
pub(super) fn await_commit(bus: &Inner, wanted: Epoch, timeout: Duration) -> Result<(), Error> {
    let (log, newest) = (bus.journal.log()?, bus.journal.newest());
    let followed = log.follow(newest.get(), timeout.min(LOOK_MAX));
    if followed == Followed::Ended && bus.journal.newest() < wanted {
        log.check_poison()?;
        return Err(Error::Stopped);
    }
    Ok(())
}
