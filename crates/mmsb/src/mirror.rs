//! Pages of a live bus, kept on a device beside the commits.
//!
//! A mirror reads the log behind those who commit, as a subscriber does, and sends on what they changed. So commits
//! pay nothing for it, wait for nobody and never fail because of it; and whatever happens to the device, what was on
//! it is made again from the bus.
//!
//! Invariant: at [`Mirror::epoch`] every page on the device holds what the bus held then.

mod builder;
mod error;
mod filter;
mod follow;
mod frozen;
#[cfg(feature = "gpu")]
mod lent;
mod locations;
mod pages;
mod read;
mod state;
mod status;
mod verify;

use std::{
    fmt,
    sync::{Arc, PoisonError},
    time::Duration,
};

use mmsb_types::{Epoch, PageId, env};

use self::{follow::Ending, state::State};
use crate::{
    Error,
    sync::{Mutex, MutexGuard, thread::JoinHandle},
    wave::token,
};

#[cfg(feature = "gpu")]
pub use self::lent::Lent;
pub(crate) use self::locations::Locations;
pub use self::{
    builder::MirrorBuilder,
    error::MirrorError,
    filter::PageFilter,
    frozen::{Frozen, MirrorDiff},
    read::MirrorPage,
    status::MirrorStatus,
    verify::{MirrorDifference, MirrorVerified},
};

/// Pages of a bus on a device, as of an epoch that follows the bus's; made by [`Bus::mirror`](crate::Bus::mirror).
///
/// It follows on a thread of its own, and whoever asks for more than it has yet helps. Dropping it ends it; it does
/// not keep the bus from ending, and shows the last state then.
#[must_use = "dropping it ends it"]
pub struct Mirror {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread and those who ask share.
struct Shared {
    state: Mutex<State>,
    ending: Ending,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Whatever a panic left half done, the next step finds out: commits are applied whole or made again.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mirror {
    /// Returns the epoch of what is on the device.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.shared.lock().epoch()
    }

    /// Waits until the mirror is at `epoch` or behind it, and returns where it is: every commit up to there was
    /// sent to the device, in front of whatever is asked of it from now on.
    ///
    /// # Errors
    /// [`MirrorError::Device`] if the device is lost, and cannot be had again; [`Error::Stopped`] if the bus stopped before
    /// that epoch; [`Error::Poisoned`], [`Error::Corrupt`], [`Error::Io`] if the log cannot be read,
    /// [`Error::Reentrant`].
    ///
    /// # Cost
    /// The caller sends on himself what is published and was not sent yet.
    pub fn wait(&self, epoch: Epoch) -> Result<Epoch, Error> {
        loop {
            if let Some(at) = self.wait_timeout(epoch, Duration::MAX)? {
                return Ok(at);
            }
        }
    }

    /// Waits as [`Mirror::wait`] does, until `timeout` has passed: `None` then.
    ///
    /// # Errors
    /// As [`Mirror::wait`].
    pub fn wait_timeout(&self, epoch: Epoch, timeout: Duration) -> Result<Option<Epoch>, Error> {
        token::check()?;
        let (start, bus) = (env::now(), Arc::clone(self.shared.lock().bus()));
        while bus.journal.newest() < epoch {
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            follow::await_commit(&bus, epoch, left)?;
        }
        let mut state = self.shared.lock();
        state.advance(epoch)?;
        Ok(Some(state.epoch()))
    }

    /// Keeps a page that was not, from now on, or no more, as the filter says by now.
    pub(crate) fn look_again(&self, page: PageId) -> Result<(), Error> {
        self.shared.lock().look_again(page)
    }

    /// Brings pages to the device ahead of their use; where there is no room, those go that were not used for
    /// longest. Returns how many of the pages are there now.
    ///
    /// # Errors
    /// As [`Mirror::wait`], and [`MirrorError::NotMirrored`].
    pub fn prefetch(&self, pages: impl IntoIterator<Item = PageId>) -> Result<usize, Error> {
        token::check()?;
        let pages: Vec<PageId> = pages.into_iter().collect();
        self.shared.lock().insist(|state| state.fetch(&pages))
    }
}

impl Drop for Mirror {
    /// Waits for the commit that is being sent on.
    fn drop(&mut self) {
        self.shared.ending.end();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of a mirror panicked");
        }
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").field("status", &self.status()).finish_non_exhaustive()
    }
}
