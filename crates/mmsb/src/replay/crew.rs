//! Who replays a log into page memory: one thread, or one that reads and verifies beside others that apply.
//!
//! What was verified goes to every part over a channel of its own, in the order of the log; a part applies what is
//! about its pages. The calling thread has one of the parts, and alone all that is not about pages. A short log is
//! read by the calling thread alone: starting threads would take longer.
//!
//! Invariant: state and refusal are the same, however many threads there are.

use std::{num::NonZeroUsize, panic::resume_unwind};

use mmsb_page::{PageStore, Restore};
use mmsb_tlog::{LogError, Pass, Scan, Stretch};
use mmsb_types::env;

use super::{Heading, part::Part, refusal::Refusal};
use crate::{
    Error,
    kept::Kept,
    sync::{
        mpsc::{Receiver, SyncSender, sync_channel},
        thread::{self, Scope, ScopedJoinHandle, available_parallelism},
    },
};

/// Most threads that apply, or load, where nobody said how many: memory is the limit beyond.
const WORKERS_MAX: usize = 16;
/// How many stretches may wait for one part: enough that nobody waits for the operating system's next turn.
const WAITING_MAX: usize = 8;
/// How many stretches, of about a megabyte, the calling thread applies before it takes help.
const ALONE_COUNT: usize = 1;

/// How many threads a bus that opens may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crew {
    /// As many as there are processors, if it is worth it.
    Usual,
    /// None but the calling one.
    Alone,
    /// So many that apply, the calling one among them, from the first byte on.
    Told(NonZeroUsize),
}

/// What the calling thread does beside its part: all that is not about pages.
struct Leader<'h> {
    heading: &'h mut Heading,
    /// Called with bytes of log that were applied.
    tell: &'h mut dyn FnMut(usize),
}

/// Replays what `pass` hands out into a store that holds the state at its start, of which `heading` is the rest;
/// returns what the pass has found. `tell` is called with the bytes of log that were applied since.
///
/// # Errors
/// [`Error::Corrupt`] if a record is bad or a commit does not fit; [`Error::OutOfMemory`], [`Error::Io`]. Store
/// and heading are then of no use.
///
/// # Cost
/// One pass over the log, checksums included; the pages are written in place, without a copy in between.
pub(crate) fn go_on(
    mut pass: Pass,
    kept: &Kept,
    store: &mut PageStore,
    heading: &mut Heading,
    crew: Crew,
    tell: &mut dyn FnMut(usize),
) -> Result<Scan, Error> {
    let mut leader = Leader { heading, tell };
    let refused = apply_all(&mut pass, &mut store.restore(), &mut leader, crew)?;
    // What was refused stands before any damage that the pass has found.
    match refused {
        Some(refusal) => Err(refusal.explain(kept)),
        None => Ok(pass.finish()?),
    }
}

fn apply_all(
    pass: &mut Pass,
    restore: &mut Restore<'_>,
    leader: &mut Leader<'_>,
    crew: Crew,
) -> Result<Option<Refusal>, Error> {
    let (alone_count, workers) = crew.shares();
    let mut whole = Part::new(restore.split(1).remove(0));
    for _ in 0..alone_count {
        let Some(stretch) = pass.next_stretch() else { return Ok(None) };
        if let Err(refusal) = leader.apply(&mut whole, &stretch) {
            return Ok(Some(refusal));
        }
    }
    apply_side_by_side(pass, restore.split(workers), leader)
}

/// One thread reads and verifies, one for each part applies; the calling one has the first part.
fn apply_side_by_side(
    pass: &mut Pass,
    parts: Vec<Restore<'_>>,
    leader: &mut Leader<'_>,
) -> Result<Option<Refusal>, Error> {
    thread::scope(|scope| {
        let (sender, stretches) = sync_channel(WAITING_MAX);
        let (mut senders, mut threads) = (vec![sender], Vec::new());
        let mut parts = parts.into_iter().map(Part::new);
        let mut own = parts.next().expect("there is a part for the calling thread");
        for mut part in parts {
            let (sender, stretches) = sync_channel(WAITING_MAX);
            senders.push(sender);
            threads.push(start(scope, move || {
                apply_from(&stretches, |stretch| part.apply(stretch, |_| Ok(())))
            })?);
        }
        let reader = start(scope, move || hand_out(pass, &senders))?;
        let led = apply_from(&stretches, |stretch| leader.apply(&mut own, stretch));
        // If it was refused, the reader finds nobody there any more.
        drop(stretches);
        join(reader);
        let refused = threads.into_iter().map(join).chain([led]);
        Ok(Refusal::first(refused.filter_map(Result::err)))
    })
}

/// Hands all that counts to every part, until one of them has refused something: by then all have what is before.
fn hand_out(pass: &mut Pass, parts: &[SyncSender<Stretch>]) {
    while let Some(stretch) = pass.next_stretch() {
        if parts.iter().any(|part| part.send(stretch.clone()).is_err()) {
            break;
        }
    }
}

fn apply_from(
    stretches: &Receiver<Stretch>,
    mut apply: impl FnMut(&Stretch) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    stretches.iter().try_for_each(|stretch| apply(&stretch))
}

impl Leader<'_> {
    fn apply(&mut self, part: &mut Part<'_>, stretch: &Stretch) -> Result<(), Refusal> {
        part.apply(stretch, |commit| self.heading.note(commit))?;
        (self.tell)(stretch.log_bytes());
        Ok(())
    }
}

impl Crew {
    /// Returns how many stretches are applied by the calling thread alone, and how many threads apply the rest.
    fn shares(self) -> (usize, usize) {
        match (self, processors()) {
            (Self::Alone, _) | (Self::Usual, 1) => (usize::MAX, 1),
            // One is for the thread that reads and verifies.
            (Self::Usual, count) => (ALONE_COUNT, (count - 1).min(WORKERS_MAX)),
            (Self::Told(count), _) => (0, count.get()),
        }
    }

    /// Returns how many threads load so many blocks, of about a megabyte.
    pub(crate) fn loaders(self, block_count: usize) -> usize {
        let most = match self {
            Self::Alone => 1,
            Self::Usual => processors().min(WORKERS_MAX),
            Self::Told(count) => count.get(),
        };
        most.min(block_count).max(1)
    }
}

fn processors() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Starts a thread that helps to open a bus.
pub(crate) fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, Error> {
    Ok(env::spawn_scoped(scope, "mmsb-open", work).map_err(|source| LogError::Spawn { source })?)
}

/// Waits for a thread; one that panicked panics here.
pub(crate) fn join<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
