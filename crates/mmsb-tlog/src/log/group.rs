//! Group commit: one sync at a time, for all who wait.
//!
//! Who waits for durability and finds no sync under way makes one himself, for everybody whose frames are
//! written by then; who comes meanwhile parks. When it is done, those it covered go on, and one of the others
//! writes what has come together and makes the next. The sync thread is one of those who wait, on behalf of
//! commits that nobody waits for. Writing goes on beside a sync.
//!
//! Invariant: the kernel tells a lost write to one of those who sync, so there is never more than one: nobody
//! hears "all well" from a sync that another's failure has made worthless.
//! Invariant: after a failed sync none is tried again, and all who wait are told.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use super::{SyncEvery, progress::Progress};
use crate::{
    Cursor, LogError,
    dir::io_error,
    sync::{Condvar, Fault, Mutex, MutexGuard, is_planted},
    vfs::VfsFile,
};

/// Who syncs, who waits for it, and what there is to sync.
#[derive(Debug)]
pub(crate) struct Group {
    turns: Mutex<Turns>,
    /// Those who wait for a turn to end, by the lowest bit of its number.
    ended: [Condvar; 2],
    /// Wakes the sync thread.
    due: Condvar,
    every: Option<SyncEvery>,
}

#[derive(Debug)]
struct Turns {
    /// The file that is written to, once there is one.
    target: Option<Target>,
    /// Counts the syncs that have ended.
    turn: u64,
    /// What the sync under way makes durable.
    under_way: Option<Cover>,
    /// What the last sync has made durable.
    synced: Cover,
    /// Position from which on whoever writes wakes the sync thread.
    wake_at: u64,
    stopping: bool,
}

#[derive(Clone, Debug)]
struct Target {
    file: Arc<dyn VfsFile>,
    path: Arc<Path>,
    written: Cover,
    /// The file was cut since the last sync: its length has to be synced even if nobody reads behind it.
    is_cut: bool,
}

/// What a sync covers, counted in several ways.
#[derive(Clone, Copy, Debug, Default)]
struct Cover {
    number: u64,
    lsn: u64,
    /// Counts writes and cuts: a mark moves no number.
    change: u64,
}

impl Group {
    pub(crate) fn new(every: Option<SyncEvery>) -> Self {
        let turns = Turns {
            target: None,
            turn: 0,
            under_way: None,
            synced: Cover::default(),
            wake_at: u64::MAX,
            stopping: false,
        };
        Self { turns: Mutex::new(turns), ended: [Condvar::new(), Condvar::new()], due: Condvar::new(), every }
    }

    /// Says that from now on `file` is written to, from `end` on.
    pub(crate) fn attach(&self, file: Arc<dyn VfsFile>, path: Arc<Path>, end: Cursor) {
        let mut turns = self.lock();
        let change = turns.target.as_ref().map_or(0, |target| target.written.change) + 1;
        let written = Cover { number: end.number, lsn: end.lsn.get(), change };
        // A file that was there before may hold what nobody has synced; a new one was synced when it was made.
        turns.synced = if turns.target.is_none() { Cover { change: 0, ..written } } else { written };
        turns.wake_at = self.wake_at(&turns);
        turns.target = Some(Target { file, path, written, is_cut: false });
    }

    /// Says that the file is written up to `end`, or was cut there.
    pub(crate) fn moved(&self, end: Cursor, is_cut: bool) {
        let mut turns = self.lock();
        let Some(target) = &mut turns.target else { return };
        let change = target.written.change + 1;
        target.written = Cover { number: end.number, lsn: end.lsn.get(), change };
        target.is_cut |= is_cut;
        if end.lsn.get() >= turns.wake_at {
            turns.wake_at = u64::MAX;
            self.due.notify_one();
        }
    }

    /// Returns what the sync thread is for, if somebody has called for it.
    pub(crate) fn call(&self) -> Option<SyncEvery> {
        self.every.filter(|_| self.lock().wake_at == u64::MAX)
    }

    /// Ends the sync thread, once it has looked.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.due.notify_all();
    }

    /// Wakes everyone, for the log is poisoned.
    pub(crate) fn wake_all(&self) {
        // Who has looked and not yet parked holds the lock until he parks.
        drop(self.lock());
        self.ended.iter().for_each(Condvar::notify_all);
        self.due.notify_all();
    }

    /// From which position on the sync thread wants to hear of writes while it rests.
    fn wake_at(&self, turns: &Turns) -> u64 {
        let behind = self.every.map(|every| if every.is_timed() { 1 } else { every.bytes.max(1) });
        behind.map_or(u64::MAX, |behind| turns.synced.lsn.saturating_add(behind))
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Parks until the turn under way has ended, or the one behind it.
    fn park<'a>(&'a self, turns: MutexGuard<'a, Turns>, is_covered: bool) -> MutexGuard<'a, Turns> {
        let turn = turns.turn + u64::from(!is_covered);
        self.ended[turn as usize & 1].wait(turns).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Waits until the frame `number` is durable; syncs itself if nobody else does. `write` writes all that is
    /// published, up to that frame at least.
    ///
    /// # Errors
    /// The failure as it was, the log poisoned; from then on [`LogError::Poisoned`].
    pub(crate) fn sync_through(
        &self,
        number: u64,
        write: impl Fn() -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        if is_planted(Fault::AckEarly) {
            return write();
        }
        let mut is_written = false;
        while self.durable() < number {
            let turns = self.group.lock();
            self.check_poison()?;
            match turns.under_way.filter(|_| !is_planted(Fault::SyncTogether)) {
                Some(cover) => {
                    drop(self.group.park(turns, cover.number >= number));
                    // More has come together meanwhile.
                    is_written = false;
                }
                None if is_written => self.take_turn(turns)?,
                None => {
                    drop(turns);
                    write()?;
                    is_written = true;
                }
            }
        }
        Ok(())
    }

    /// Makes all durable that the file holds when it is called, cuts included.
    ///
    /// # Errors
    /// As [`Progress::sync_through`].
    pub(crate) fn sync_written(&self) -> Result<(), LogError> {
        let wanted = self.group.lock().target.as_ref().map_or(0, |target| target.written.change);
        loop {
            let turns = self.group.lock();
            if turns.synced.change >= wanted {
                return Ok(());
            }
            self.check_poison()?;
            match turns.under_way {
                Some(cover) => drop(self.group.park(turns, cover.change >= wanted)),
                None => self.take_turn(turns)?,
            }
        }
    }

    /// Waits, as the sync thread, until there is something to sync; `None` once there will be nothing more.
    pub(crate) fn wait_until_due(&self, every: SyncEvery) -> Option<()> {
        let mut turns = self.group.lock();
        let mut since: Option<Instant> = None;
        while !turns.stopping && self.check_poison().is_ok() {
            let written = turns.target.as_ref().map_or(0, |target| target.written.lsn);
            let behind = written.saturating_sub(turns.synced.lsn);
            if behind == 0 {
                since = None;
            }
            let left = match (behind, every.is_timed()) {
                (0, _) | (_, false) => Duration::MAX,
                _ => every.time.saturating_sub(since.get_or_insert_with(Instant::now).elapsed()),
            };
            if behind >= every.bytes.max(1) || left.is_zero() {
                turns.wake_at = u64::MAX;
                return Some(());
            }
            turns = if left == Duration::MAX {
                turns.wake_at = self.group.wake_at(&turns);
                self.group.due.wait(turns).unwrap_or_else(PoisonError::into_inner)
            } else {
                turns.wake_at = turns.synced.lsn.saturating_add(every.bytes);
                let woken = self.group.due.wait_timeout(turns, left);
                woken.unwrap_or_else(PoisonError::into_inner).0
            };
        }
        None
    }

    /// Syncs what is written, without the lock, then tells those who wait.
    fn take_turn(&self, mut turns: MutexGuard<'_, Turns>) -> Result<(), LogError> {
        let Some(held) = &mut turns.target else { return Ok(()) };
        let target = held.clone();
        held.is_cut = false;
        turns.under_way = Some(target.written);
        drop(turns);
        let synced = self.sync(&target);
        let mut turns = self.group.lock();
        let turn = turns.turn as usize;
        (turns.under_way, turns.turn) = (None, turns.turn + 1);
        if synced.is_ok() {
            turns.synced = target.written;
        }
        drop(turns);
        // The next one first: its sync goes on while the others wake up.
        self.group.ended[(turn + 1) & 1].notify_one();
        self.group.ended[turn & 1].notify_all();
        synced
    }

    fn sync(&self, target: &Target) -> Result<(), LogError> {
        self.count_sync();
        let sync = || match (is_planted(Fault::SkipSync), target.is_cut) {
            (true, _) => Ok(()),
            (_, true) => target.file.sync_all(),
            _ => target.file.sync_data(),
        };
        // A user's file system may panic: that is a failure like any other, told to whoever waits.
        let synced = catch_unwind(AssertUnwindSafe(sync));
        let synced = synced.unwrap_or_else(|_| Err(io::Error::other("the file system panicked")));
        let synced = if is_planted(Fault::IgnoreSyncError) { Ok(()) } else { synced };
        let synced = synced.map_err(io_error("syncing", &target.path, target.written.lsn));
        synced.inspect_err(|error| self.poison_by(error))?;
        self.set_durable(target.written.number);
        Ok(())
    }
}
