//! The writing side: room, reservation, publication, durability.
//!
//! A commit takes [`Log::room`] while it holds nothing, [`Log::reserve`]s while it holds all its page locks,
//! [`Log::publish`]es its frame when its pages are visible, and may [`Log::wait`] for durability.
//!
//! Invariant: from reservation to publication nothing allocates, blocks or fails; a reservation that is
//! dropped unpublished would leave a hole in the log, so it aborts the process.

mod boxes;
mod drain;
mod flush;
mod flusher;
mod group;
mod grow;
mod many;
#[cfg(all(test, loom))]
mod models;
mod open;
mod options;
mod prewrite;
mod progress;
mod ring;
mod rotate;
mod shared;
mod syncer;
mod tail;

use std::sync::{Arc, PoisonError};

use mmsb_types::{
    Durability, Lsn,
    limits::{BOXED_ABOVE_BYTES, RESERVATION_BYTES_MIN},
};

use self::{
    boxes::Boxes,
    flush::Flush,
    flusher::{Flusher, Waker},
    progress::Progress,
    ring::{Done, Ring, UNIT_BYTES},
    shared::Shared,
    tail::Tail,
};
use crate::{
    Cursor, FrameBuf, Line, LogDir, LogError, LogStats, NUMBER_MAX, Scan, sync::outer::Mutex, vfs::VfsLock,
};

pub use self::{
    group::Followed,
    many::Reservations,
    options::{LogOptions, SyncEvery},
    tail::PackedStart,
};

/// A log open for writing. Dropping it writes what is published and leaves out the closing mark.
#[derive(Debug)]
pub struct Log {
    shared: Arc<Shared>,
    flusher: Flusher,
    record_bytes_max: u32,
    /// Held, not used: lets go when the log is closed or dropped.
    lock: Mutex<Option<Box<dyn VfsLock>>>,
}

/// Credit for one frame, taken before any lock; given back if dropped.
#[derive(Debug)]
#[must_use]
pub struct Room<'a> {
    shared: &'a Shared,
    units: u64,
    boxed: Option<usize>,
}

/// A number and a place in the log: the point of no return.
#[derive(Debug)]
#[must_use]
pub struct Reservation<'a> {
    shared: &'a Shared,
    number: u64,
    unit: u64,
    units: u64,
    boxed: Option<usize>,
}

/// The places around a frame; see [`Log::cut`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Before it; `None` if it was there when the log was opened.
    pub before: Option<Cursor>,
    /// Behind it, where the mark of its batch stands.
    pub behind: Cursor,
}

impl Log {
    /// Opens the log of `dir` for writing behind what `scan` found; a torn tail is cut, and the cut synced.
    ///
    /// `lock` is the one on `dir`, and was taken before the scan.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] if `scan` ends at covered damage or the file is shorter by now, [`LogError::Spawn`],
    /// [`LogError::Io`], for want of memory, too.
    pub fn open(
        dir: &LogDir,
        lock: Box<dyn VfsLock>,
        scan: &Scan,
        options: LogOptions,
    ) -> Result<Self, LogError> {
        let start = options.packed_start_used(scan.end.number);
        let tail = Tail::new(scan.end.number, start);
        let flush = Flush::open(dir, scan, tail.unit(), &options)?;
        let shared = Arc::new(Shared {
            ring: Ring::open(dir, &options)?,
            boxes: Boxes::new(options.box_bytes),
            tail,
            progress: Progress::new(scan.end.number, scan.synced_through, options.sync_every),
            waker: Waker::default(),
            flush: Mutex::new(flush),
            process_id: std::process::id(),
        });
        shared.attach();
        let flusher = if options.background { Flusher::start(&shared)? } else { Flusher::default() };
        Ok(Self {
            shared,
            flusher,
            record_bytes_max: options.record_bytes_used(),
            lock: Mutex::new(Some(lock)),
        })
    }

    /// Returns the longest record the log takes, in bytes.
    #[inline]
    #[must_use]
    pub fn record_bytes_max(&self) -> u32 {
        self.record_bytes_max
    }

    /// Takes room for a frame of at most `frame_bytes`; waits, and helps flushing, while there is none.
    ///
    /// A thread holds one room at a time: two threads that wait for their second would wait for each other.
    ///
    /// # Errors
    /// [`LogError::Poisoned`], or the failure of a flush made while waiting; [`LogError::NumbersUsedUp`].
    #[inline]
    pub fn room(&self, frame_bytes: usize) -> Result<Room<'_>, LogError> {
        let shared = &*self.shared;
        if frame_bytes <= BOXED_ABOVE_BYTES && shared.progress.takes_more() {
            let units = Ring::units_for(frame_bytes);
            if let Some(left) = shared.ring.take_credit(units) {
                if shared.ring.is_filling(left) {
                    shared.waker.wake_if_resting();
                }
                return Ok(Room { shared, units, boxed: None });
            }
        }
        self.room_apart(frame_bytes)
    }

    /// Waits for room, takes a box, or tells why there will be none.
    #[cold]
    fn room_apart(&self, frame_bytes: usize) -> Result<Room<'_>, LogError> {
        self.shared.progress.check_poison()?;
        if !self.shared.progress.has_numbers() {
            return Err(LogError::NumbersUsedUp { limit: NUMBER_MAX });
        }
        let mut room = Room { shared: &self.shared, units: 0, boxed: None };
        if frame_bytes > BOXED_ABOVE_BYTES {
            room.boxed = Some(self.shared.wait_for(|| self.shared.boxes.take(frame_bytes))?);
        }
        let units = Ring::units_for(if room.boxed.is_some() { RESERVATION_BYTES_MIN } else { frame_bytes });
        let left = self.shared.wait_for(|| self.shared.ring.take_credit(units))?;
        room.units = units;
        if self.shared.ring.is_filling(left) {
            self.shared.waker.wake_if_resting();
        }
        Ok(room)
    }

    /// Takes the next number and its place, for a frame of `frame_bytes`; the room's rest is given back.
    ///
    /// # Panics
    /// If the frame is longer than the room.
    #[inline]
    pub fn reserve<'a>(&self, mut room: Room<'a>, frame_bytes: usize) -> Reservation<'a> {
        let (shared, boxed) = (room.shared, room.boxed);
        let units = if boxed.is_some() { room.units } else { Ring::units_for(frame_bytes) };
        let fits = boxed.map_or(units <= room.units, |index| frame_bytes <= shared.boxes.bytes(index));
        assert!(fits, "a frame of {frame_bytes} bytes does not fit its room");
        (room.boxed, room.units) = (None, room.units - units);
        let place = shared.tail.reserve(units);
        let number = place.number(shared.progress.recent());
        Reservation { shared, number, unit: place.unit, units, boxed }
    }

    /// Publishes the frame under its reservation: seals it and hands it to the flusher; returns its number.
    ///
    /// Aborts the process if the frame is empty or longer than what was reserved: the hole, or the neighbour's
    /// frame, could not be mended.
    pub fn publish(&self, reservation: Reservation<'_>, frame: &mut FrameBuf) -> u64 {
        let Reservation { shared, number, unit, units, boxed } = reservation;
        let fits = boxed.is_some() || frame.len() as u64 <= units * UNIT_BYTES as u64;
        // A panic here drops the reservation, which aborts.
        assert!(fits && !frame.is_empty(), "a frame of {} bytes was not reserved for", frame.len());
        std::mem::forget(reservation);
        frame.seal(number);
        match boxed {
            None => shared.ring.write(unit, frame.bytes()),
            Some(index) => {
                shared.boxes.swap(index, frame.bytes_mut());
                shared.ring.write(unit, &(index as u64).to_le_bytes());
            }
        }
        shared.ring.set_done(number, Done { units, boxed: boxed.is_some() });
        shared.waker.wake_if_asleep();
        number
    }

    /// Publishes a line under its reservation, as [`Log::publish`] does any frame.
    ///
    /// # Panics
    /// If the reservation is one for a longer frame in a box; the process then aborts.
    #[inline]
    pub fn publish_line(&self, reservation: Reservation<'_>, line: Line<'_>) -> u64 {
        let Reservation { shared, number, unit, units, boxed } = reservation;
        // A panic here drops the reservation, which aborts. Each has room for a line.
        assert!(boxed.is_none(), "a line takes no box");
        std::mem::forget(reservation);
        shared.ring.write_line(unit, line.sealed(number));
        shared.ring.set_done(number, Done { units, boxed: false });
        shared.waker.wake_if_asleep();
        number
    }

    /// Waits until the frame `number` has reached `durability`; writes and syncs itself if nobody else does.
    ///
    /// One sync serves all who wait for it; writing goes on meanwhile.
    ///
    /// The frame is published, or another thread is about to publish it.
    ///
    /// # Errors
    /// [`LogError::Poisoned`], or the failure of the flush.
    pub fn wait(&self, number: u64, durability: Durability) -> Result<(), LogError> {
        match durability {
            Durability::Volatile => Ok(()),
            Durability::Written => self.shared.write_through(number),
            Durability::Synced => self.shared.sync_through(number),
        }
    }

    /// Makes a batch end exactly behind one frame and waits until it is written; returns the places around the
    /// frame.
    ///
    /// `take` is called while nobody can write, and returns the frame's number, mostly the newest: what it pins
    /// is the state at the place behind it. It must not wait for the log, nor change its manifest.
    ///
    /// # Errors
    /// As [`Log::wait`].
    ///
    /// # Panics
    /// If the frame was written before the call, and others behind it.
    pub fn cut(&self, take: impl FnOnce() -> u64) -> Result<Cut, LogError> {
        let shared = &*self.shared;
        shared.check_process()?;
        let mut flush = shared.lock_flush();
        shared.progress.check_poison()?;
        let (number, written) = (take(), flush.end.number);
        if number < written {
            // The lock would end the log if this panicked while holding it.
            drop(flush);
            panic!("the log cannot be cut behind e{number}: e{written} is written");
        }
        let behind = flush.cut_behind(number, &shared.ring, &shared.boxes, &shared.progress)?;
        let before = flush.before_last;
        drop(flush);
        shared.write_through(number)?;
        Ok(Cut { before, behind })
    }

    /// Writes behind the frame `number`, and what else is published, that the state there has this hash.
    ///
    /// # Errors
    /// As [`Log::wait`].
    ///
    /// # Panics
    /// If the frame is not published yet.
    pub fn append_state(&self, number: u64, hash: [u8; 32]) -> Result<(), LogError> {
        let shared = &*self.shared;
        assert!(number <= self.published(), "e{number} is not published, so its state has no hash");
        shared.check_process()?;
        let mut flush = shared.lock_flush();
        flush.append_state((number, hash), &shared.ring, &shared.boxes, &shared.progress)?;
        let before = flush.end.number;
        drop(flush);
        shared.write_through(before)
    }

    /// Ends the log, as a failed write does: for who finds out elsewhere that it must not go on.
    pub fn poison(&self, error: &LogError) {
        self.shared.progress.poison_by(error);
    }

    /// Returns the last number of the contiguous published prefix.
    #[must_use]
    pub fn published(&self) -> u64 {
        self.shared.progress.advance(&self.shared.ring)
    }

    /// Returns the newest number reserved, published or not; takes none.
    ///
    /// A read-modify-write of the word that all commits reserve from: a commit whose reservation comes after it
    /// sees all that the caller did before it, and the caller sees all that was done before the reservations
    /// it counts.
    #[must_use]
    pub fn last_number(&self) -> u64 {
        self.shared.tail.last(|| self.shared.progress.recent())
    }

    /// Returns how safe the frame `number` is by now.
    #[must_use]
    pub fn reached(&self, number: u64) -> Durability {
        let progress = &self.shared.progress;
        match (number <= progress.durable(), number <= progress.written()) {
            (true, _) => Durability::Synced,
            (_, true) => Durability::Written,
            _ => Durability::Volatile,
        }
    }

    /// Returns the end of what is written: readers may go up to there.
    #[must_use]
    pub fn written_end(&self) -> Cursor {
        self.shared.progress.group.written_end()
    }

    /// Tells the file that nothing before `lsn` will be read again: memory is given back.
    pub fn discard_before(&self, lsn: Lsn) {
        let flush = self.shared.lock_flush();
        flush.file.discard_before(lsn.get().saturating_sub(flush.head.first_lsn.get()));
    }

    /// Fails if the log is poisoned.
    ///
    /// # Errors
    /// [`LogError::Poisoned`].
    #[inline]
    pub fn check_poison(&self) -> Result<(), LogError> {
        self.shared.progress.check_poison()
    }

    /// Ends the log on purpose: everything synced, then a closing mark, synced. No commit may be under way.
    /// Lets go of the directory: others may open it for writing, whoever still reads through this log.
    ///
    /// # Errors
    /// [`LogError::Poisoned`], [`LogError::Io`].
    pub fn close(&self) -> Result<(), LogError> {
        self.shared.check_process()?;
        self.shared.close()?;
        // Nothing is ever written behind the closing mark.
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(())
    }

    /// Returns what the log has done so far.
    #[must_use]
    pub fn stats(&self) -> LogStats {
        let flush = self.shared.lock_flush();
        LogStats {
            log_bytes: flush.end.lsn.get(),
            published: self.published(),
            written: self.shared.progress.written(),
            durable: self.shared.progress.durable(),
            sync_count: self.shared.progress.sync_count(),
            ring_bytes: self.shared.ring.bytes(),
            box_bytes: self.shared.boxes.held_bytes(),
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if self.shared.check_process().is_err() {
            self.flusher.forget();
            return;
        }
        self.flusher.stop(&self.shared.waker);
        // A failure here has poisoned the log and was told to everyone who waited.
        let _ = self.shared.flush().and_then(|_| self.shared.progress.settle());
    }
}

impl Drop for Room<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.units > 0 {
            self.shared.ring.return_credit(self.units);
        }
        if let Some(index) = self.boxed {
            self.shared.boxes.give_back(index);
        }
    }
}

impl Reservation<'_> {
    /// Returns the number: the epoch the commit makes.
    #[inline]
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        std::process::abort();
    }
}

const _: () = assert!(UNIT_BYTES == mmsb_types::limits::FRAME_ALIGN);
const _: () = assert!(RESERVATION_BYTES_MIN >= crate::frame::SINGLE_BYTES);

#[cfg(test)]
mod tests;
