//! Several short frames that follow each other: one room, one step of the reservation word.
//!
//! Their maker holds the page locks of all of them while it reserves, so each is as if reserved alone, right
//! behind the one before.
//!
//! Invariant: dropped before the last frame was taken out, [`Reservations`] aborts the process, as a
//! [`Reservation`] does: numbers that nobody publishes would be a hole in the log.

use mmsb_types::limits::BOXED_ABOVE_BYTES;

use super::{Log, Reservation, Ring, Room, Shared, UNIT_BYTES, ring::Done};
use crate::{Line, LogError};

/// Units of a line.
const LINE_UNITS: u64 = Line::bytes().div_ceil(UNIT_BYTES) as u64;

/// Consecutive numbers and places in the log.
#[derive(Debug)]
#[must_use]
pub struct Reservations<'a> {
    shared: &'a Shared,
    number: u64,
    unit: u64,
    /// Numbers and units not taken out yet.
    count: u64,
    units: u64,
}

impl Log {
    /// Takes room for frames of at most these lengths together, as [`Log::room`] does for one.
    ///
    /// # Errors
    /// As [`Log::room`]. A frame too long for the ring, or too many of them, is [`LogError::RecordTooLarge`].
    #[inline]
    pub fn room_for_many(&self, frame_bytes: impl Iterator<Item = usize>) -> Result<Room<'_>, LogError> {
        let units: u64 = frame_bytes.map(Ring::units_for).sum();
        let (bytes, limit) = (units * UNIT_BYTES as u64, BOXED_ABOVE_BYTES as u64);
        if bytes > limit {
            return Err(LogError::RecordTooLarge { bytes, limit });
        }
        self.room(bytes as usize)
    }

    /// Takes the next numbers and places for frames of these lengths; the room's rest is given back.
    ///
    /// # Panics
    /// If the frames are longer than the room.
    #[inline]
    pub fn reserve_many<'a>(
        &self,
        room: Room<'a>,
        frame_bytes: impl ExactSizeIterator<Item = usize>,
    ) -> Reservations<'a> {
        let count = frame_bytes.len() as u64;
        self.reserve_units(room, count, frame_bytes.map(Ring::units_for).sum())
    }

    /// Takes the next `count` numbers and places, all of them for lines, as [`Log::reserve_many`] does.
    ///
    /// # Panics
    /// As [`Log::reserve_many`].
    #[inline]
    pub fn reserve_lines<'a>(&self, room: Room<'a>, count: usize) -> Reservations<'a> {
        self.reserve_units(room, count as u64, count as u64 * LINE_UNITS)
    }

    #[inline]
    fn reserve_units<'a>(&self, mut room: Room<'a>, count: u64, units: u64) -> Reservations<'a> {
        let shared = room.shared;
        assert!(units <= room.units && count > 0, "{count} frames of {units} units do not fit their room");
        room.units -= units;
        let place = shared.tail.reserve_many(count, units);
        let number = place.number(shared.progress.recent());
        Reservations { shared, number, unit: place.unit, count, units }
    }
}

impl<'a> Reservations<'a> {
    /// Returns the first number not taken out yet: the epoch that the next frame's commit makes.
    #[inline]
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Takes out the reservation of the next frame, whose length is as told before.
    ///
    /// # Panics
    /// If none is left, which aborts the process, too, where some other frame has been forgotten.
    #[inline]
    pub fn take(&mut self, frame_bytes: usize) -> Reservation<'a> {
        let units = Ring::units_for(frame_bytes);
        assert!(self.count > 0 && units <= self.units, "no room is reserved for {units} units");
        let taken =
            Reservation { shared: self.shared, number: self.number, unit: self.unit, units, boxed: None };
        (self.number, self.unit) = (self.number + 1, self.unit + units);
        (self.count, self.units) = (self.count - 1, self.units - units);
        taken
    }

    /// Takes out the reservation of the next frame, a line, and publishes it as [`Log::publish_line`] does.
    ///
    /// # Panics
    /// As [`Reservations::take`].
    #[inline]
    pub fn publish_line(&mut self, line: Line<'_>) {
        let (shared, units) = (self.shared, LINE_UNITS);
        assert!(self.count > 0 && units <= self.units, "no room is reserved for a line");
        shared.ring.write_line(self.unit, line.sealed(self.number));
        shared.ring.set_done(self.number, Done { units, boxed: false });
        (self.number, self.unit) = (self.number + 1, self.unit + units);
        (self.count, self.units) = (self.count - 1, self.units - units);
        if self.count == 0 {
            // Nobody waits for less than all of them: their maker is still on its way.
            shared.waker.wake_if_asleep();
        }
    }
}

impl Drop for Reservations<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.count > 0 {
            std::process::abort();
        }
    }
}
