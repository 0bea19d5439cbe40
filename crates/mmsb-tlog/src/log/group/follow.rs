//! Waiting for the log to go on, as those do who read along.
//!
//! Invariant: who follows is told of every batch that is written in a file with a name, or of the log's end: both are
//! said under the lock he looks under. Committers do nothing for him.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use mmsb_types::env;

use super::{Group, Progress, Turns};
use crate::Log;

/// What became of the log while somebody waited for it to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// More is written.
    More,
    /// Nothing yet.
    Nothing,
    /// Nothing more will be written: the log was closed, or is poisoned.
    Ended,
}

/// Who follows, and whether there is an end.
#[derive(Debug, Default)]
pub(super) struct Following {
    count: usize,
    has_ended: bool,
}

impl Log {
    /// Waits until more than the frame `number` is written, the log has ended, or `timeout` has passed.
    ///
    /// # Cost
    /// None to those who commit.
    #[must_use]
    pub fn follow(&self, number: u64, timeout: Duration) -> Followed {
        self.shared.progress.follow(number, timeout)
    }
}

impl Group {
    /// Says that nothing more will be written.
    pub(crate) fn end(&self) {
        self.lock().following.has_ended = true;
        self.followed.notify_all();
    }

    /// Wakes those who follow, if there are any.
    pub(super) fn tell_followers(&self, turns: &Turns) {
        if turns.following.count > 0 {
            self.followed.notify_all();
        }
    }
}

impl Progress {
    /// Waits until more than the frame `number` is written, or `timeout` has passed.
    pub(crate) fn follow(&self, number: u64, timeout: Duration) -> Followed {
        let start = env::now();
        let mut turns = self.group.lock();
        turns.following.count += 1;
        let followed = loop {
            match self.look(&turns, number, start, timeout) {
                Ok(left) => {
                    let woken = self.group.followed.wait_timeout(turns, left);
                    turns = woken.unwrap_or_else(PoisonError::into_inner).0;
                }
                Err(followed) => break followed,
            }
        };
        turns.following.count -= 1;
        followed
    }

    /// Returns how long there is still to wait.
    fn look(
        &self,
        turns: &Turns,
        number: u64,
        start: Instant,
        timeout: Duration,
    ) -> Result<Duration, Followed> {
        if turns.written().number > number {
            return Err(Followed::More);
        }
        if turns.following.has_ended || self.check_poison().is_err() {
            return Err(Followed::Ended);
        }
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() { Err(Followed::Nothing) } else { Ok(left) }
    }
}
