//! Group commit: one sync at a time, for all who wait.
//!
//! Who waits for durability and finds no sync under way makes one himself, for everybody whose frames are
//! written by then; who comes meanwhile parks. When it is done, those it covered go on, and one of the others
//! writes what has come together and makes the next. The sync thread is one of those who wait, on behalf of
//! commits that nobody waits for. Writing goes on beside a sync, and even in the next file: the turn that syncs the
//! old one to its end gives that file its name, too.
//!
//! Invariant: the kernel tells a lost write to one of those who sync, so there is never more than one: nobody
//! hears "all well" from a sync that another's failure has made worthless.
//! Invariant: after a failed sync none is tried again, and all who wait are told.
//! Invariant: what is in a file without a name counts as neither written nor durable.

mod follow;

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use mmsb_types::{Lsn, env};

pub use self::follow::Followed;
use self::follow::Following;
use super::{SyncEvery, progress::Progress, rotate::Unnamed};
use crate::{
    Cursor, LogError,
    dir::io_error,
    sync::{Condvar, Fault, Mutex, MutexGuard, is_planted},
    vfs::VfsFile,
};

const PANICKED: &str = "the file system panicked";

/// Who syncs, who waits for it, and what there is to sync.
#[derive(Debug)]
pub(crate) struct Group {
    turns: Mutex<Turns>,
    /// Those who wait for a turn to end, by the lowest bit of its number.
    ended: [Condvar; 2],
    /// Those among them who may hold the flush: whoever is woken alone to make the next turn may need that first.
    ended_for_holders: Condvar,
    /// Wakes the sync thread.
    due: Condvar,
    /// Wakes those who follow.
    followed: Condvar,
    every: Option<SyncEvery>,
}

#[derive(Debug)]
struct Turns {
    /// The file that is written to, once there is one; the whole of it, if another follows.
    target: Option<Target>,
    /// The file that follows, written to already, and how it gets its name.
    next: Option<(Target, Unnamed)>,
    /// Counts the syncs that have ended.
    turn: u64,
    /// What the sync under way makes durable.
    under_way: Option<Cover>,
    /// What the last sync has made durable.
    synced: Cover,
    /// Position from which on whoever writes wakes the sync thread.
    wake_at: u64,
    stopping: bool,
    following: Following,
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
#[derive(Clone, Copy, Debug)]
struct Cover {
    end: Cursor,
    /// Counts writes and cuts: a mark moves no number.
    change: u64,
}

impl Turns {
    /// Returns what is written to.
    fn newest(&mut self) -> Option<&mut Target> {
        self.next.as_mut().map(|(target, _)| target).or(self.target.as_mut())
    }

    /// Returns the end of what is written to files that have their names.
    fn written(&self) -> Cursor {
        self.target.as_ref().map_or(Cover::NOTHING, |target| target.written).end
    }

    fn newest_change(&mut self) -> u64 {
        self.newest().map_or(0, |target| target.written.change)
    }
}

impl Cover {
    const NOTHING: Self = Self { end: Cursor { lsn: Lsn::ZERO, number: 0, chain: 0 }, change: 0 };
}

impl Group {
    pub(crate) fn new(every: Option<SyncEvery>) -> Self {
        let turns = Turns {
            target: None,
            next: None,
            turn: 0,
            under_way: None,
            synced: Cover::NOTHING,
            wake_at: u64::MAX,
            stopping: false,
            following: Following::default(),
        };
        let [ended, other, ended_for_holders, due, followed] = [(); 5].map(|()| Condvar::new());
        Self { turns: Mutex::new(turns), ended: [ended, other], ended_for_holders, due, followed, every }
    }

    /// Says that from now on `file` is written to, from `end` on.
    pub(crate) fn attach(&self, file: Arc<dyn VfsFile>, path: Arc<Path>, end: Cursor) {
        let mut turns = self.lock();
        // It may hold what nobody has synced.
        turns.synced = Cover { end, change: 0 };
        turns.wake_at = self.wake_at(&turns);
        turns.target = Some(Target { file, path, written: Cover { end, change: 1 }, is_cut: false });
    }

    /// Says that from now on `file` is written to, from `end` on, which gets its name when the one before is synced.
    /// There is no other like it.
    pub(super) fn follow(&self, file: Arc<dyn VfsFile>, path: Arc<Path>, end: Cursor, unnamed: Unnamed) {
        let mut turns = self.lock();
        debug_assert!(turns.next.is_none(), "one file without a name at a time");
        let written = Cover { end, change: turns.newest_change() + 1 };
        turns.next = Some((Target { file, path, written, is_cut: false }, unnamed));
        turns.wake_at = u64::MAX;
        self.due.notify_one();
    }

    /// Says that the file is written up to `end`, or was cut there; tells whether the file has its name.
    fn moved(&self, end: Cursor, is_cut: bool) -> bool {
        let mut turns = self.lock();
        let Some(target) = turns.newest() else { return true };
        target.written = Cover { end, change: target.written.change + 1 };
        target.is_cut |= is_cut;
        if end.lsn.get() >= turns.wake_at {
            turns.wake_at = u64::MAX;
            self.due.notify_one();
        }
        self.tell_followers(&turns);
        turns.next.is_none() || is_planted(Fault::AckUnnamed)
    }

    /// Returns the end of what is written to files that have their names.
    pub(crate) fn written_end(&self) -> Cursor {
        self.lock().written()
    }

    /// Returns what the sync thread is for, if somebody has called for it.
    pub(crate) fn call(&self) -> Option<SyncEvery> {
        let turns = self.lock();
        match self.every {
            Some(every) => (turns.wake_at == u64::MAX).then_some(every),
            None => turns.next.as_ref().map(|_| SyncEvery::NEVER),
        }
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
        let others = [&self.ended_for_holders, &self.due, &self.followed];
        self.ended.iter().chain(others).for_each(Condvar::notify_all);
    }

    /// From which position on the sync thread wants to hear of writes while it rests.
    fn wake_at(&self, turns: &Turns) -> u64 {
        let behind = self.every.map(|every| if every.is_timed() { 1 } else { every.bytes.max(1) });
        behind.map_or(u64::MAX, |behind| turns.synced.end.lsn.get().saturating_add(behind))
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Parks until the turn under way has ended, or the one behind it.
    fn park<'a>(&'a self, turns: MutexGuard<'a, Turns>, is_covered: bool) -> MutexGuard<'a, Turns> {
        let turn = turns.turn + u64::from(!is_covered);
        self.ended[turn as usize & 1].wait(turns).unwrap_or_else(PoisonError::into_inner)
    }

    /// Parks until the turn under way has ended, holding what others need for the next one.
    fn park_holder<'a>(&'a self, turns: MutexGuard<'a, Turns>) -> MutexGuard<'a, Turns> {
        if is_planted(Fault::HolderUnwoken) {
            return self.park(turns, false);
        }
        self.ended_for_holders.wait(turns).unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// Says that the file is written up to `end`, or was cut there.
    pub(crate) fn moved(&self, end: Cursor, is_cut: bool) {
        if self.group.moved(end, is_cut) {
            self.set_written(end.number);
        }
    }

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
                Some(turn) => {
                    drop(self.group.park(turns, turn.end.number >= number));
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
        let wanted = self.group.lock().newest_change();
        loop {
            let turns = self.group.lock();
            if turns.synced.change >= wanted {
                return Ok(());
            }
            self.check_poison()?;
            match turns.under_way {
                Some(_) => drop(self.group.park_holder(turns)),
                None => self.take_turn(turns)?,
            }
        }
    }

    /// Waits until the file that is written to has its name; sees to it if nobody else does.
    ///
    /// # Errors
    /// As [`Progress::sync_through`].
    pub(crate) fn settle(&self) -> Result<(), LogError> {
        loop {
            let turns = self.group.lock();
            self.check_poison()?;
            match turns.under_way {
                _ if turns.next.is_none() => return Ok(()),
                Some(_) => drop(self.group.park_holder(turns)),
                None => self.take_turn(turns)?,
            }
        }
    }

    /// Waits, as the sync thread, until there is something to sync; `None` once there will be nothing more.
    pub(crate) fn wait_until_due(&self, every: SyncEvery) -> Option<()> {
        let mut turns = self.group.lock();
        let mut since: Option<Instant> = None;
        while !turns.stopping && self.check_poison().is_ok() {
            let written = turns.newest().map_or(0, |target| target.written.end.lsn.get());
            let behind = written.saturating_sub(turns.synced.end.lsn.get());
            if behind == 0 {
                since = None;
            }
            let left = match (behind, every.is_timed()) {
                (0, _) | (_, false) => Duration::MAX,
                _ => every.time.saturating_sub(since.get_or_insert_with(env::now).elapsed()),
            };
            if behind >= every.bytes.max(1) || left.is_zero() || turns.next.is_some() {
                turns.wake_at = u64::MAX;
                return Some(());
            }
            turns = if left == Duration::MAX {
                turns.wake_at = self.group.wake_at(&turns);
                self.group.due.wait(turns).unwrap_or_else(PoisonError::into_inner)
            } else {
                turns.wake_at = turns.synced.end.lsn.get().saturating_add(every.bytes);
                let woken = self.group.due.wait_timeout(turns, left);
                woken.unwrap_or_else(PoisonError::into_inner).0
            };
        }
        None
    }

    /// Syncs what is written, without the lock, then tells those who wait. If another file follows, that one gets
    /// its name.
    fn take_turn(&self, mut turns: MutexGuard<'_, Turns>) -> Result<(), LogError> {
        let next = turns.next.clone();
        let Some(held) = &mut turns.target else { return Ok(()) };
        let target = held.clone();
        held.is_cut = false;
        turns.under_way = Some(target.written);
        drop(turns);
        let done = self.sync(&target).and_then(|()| match &next {
            Some((target, unnamed)) => self.name(target, unnamed),
            None => Ok(target.written),
        });
        let mut turns = self.group.lock();
        let turn = turns.turn as usize;
        (turns.under_way, turns.turn) = (None, turns.turn + 1);
        let done = done.map(|synced| {
            turns.synced = synced;
            if let Some((target, _)) = next.as_ref().and_then(|_| turns.next.take()) {
                self.set_written(target.written.end.number);
                self.set_durable(synced.end.number);
                turns.target = Some(target);
                self.group.tell_followers(&turns);
            }
        });
        drop(turns);
        // The next one first: its sync goes on while the others wake up.
        match next {
            // Some may wait for the next turn in vain: this one may have covered them.
            Some(_) => self.group.ended[(turn + 1) & 1].notify_all(),
            None => self.group.ended[(turn + 1) & 1].notify_one(),
        }
        self.group.ended[turn & 1].notify_all();
        self.group.ended_for_holders.notify_all();
        done
    }

    /// Gives the file behind the one that is synced its name; returns what of it is durable by then.
    fn name(&self, target: &Target, unnamed: &Unnamed) -> Result<Cover, LogError> {
        let covered = self.group.lock().newest().map_or(target.written, |target| target.written);
        let named = catch_unwind(AssertUnwindSafe(|| unnamed.name(target.file.as_ref())));
        let panicked = |_| Err(io_error("naming", &target.path, 0)(io::Error::other(PANICKED)));
        let named = named.unwrap_or_else(panicked);
        named.inspect_err(|error| self.poison_by(error))?;
        Ok(covered)
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
        let synced = synced.unwrap_or_else(|_| Err(io::Error::other(PANICKED)));
        let synced = if is_planted(Fault::IgnoreSyncError) { Ok(()) } else { synced };
        let synced = synced.map_err(io_error("syncing", &target.path, target.written.end.lsn.get()));
        synced.inspect_err(|error| self.poison_by(error))?;
        self.set_durable(target.written.end.number);
        Ok(())
    }
}
