//! Draining: published frames leave ring and boxes for the batch that goes to the file.
//!
//! Frames without gaps between them move in one stretch, and credit goes back in portions: every return takes
//! the word away from the committers for a moment.
//!
//! Invariant: credit for a range goes back only after its bytes were copied.

use mmsb_types::Lsn;

use super::{
    boxes::Boxes,
    ring::{Done, Ring, UNIT_BYTES},
};
use crate::{
    Cursor,
    frame::{KIND_BIT, u64_at},
    mark,
};

const CREDIT_PORTION_UNITS: u64 = (64 << 10) / UNIT_BYTES as u64;

/// Frames on their way out.
#[derive(Debug)]
pub(crate) struct Drain<'a> {
    ring: &'a Ring,
    boxes: &'a Boxes,
    out: &'a mut Vec<u8>,
    /// The places in the log before and behind the last frame.
    before: Cursor,
    behind: Cursor,
    /// Ring position of the next frame.
    unit: u64,
    /// Ring position of what is still to be copied, and how much that is.
    from: u64,
    held: u64,
    /// Units to be given back.
    credit: u64,
}

/// How far frames were moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drained {
    /// The places in the log before and behind the last frame; the same, if there was none.
    pub(crate) before: Cursor,
    pub(crate) behind: Cursor,
    /// The place in the ring behind it.
    pub(crate) unit: u64,
}

impl<'a> Drain<'a> {
    /// Starts with the frame behind `before`, which is at ring position `unit`.
    pub(crate) fn new(
        ring: &'a Ring,
        boxes: &'a Boxes,
        out: &'a mut Vec<u8>,
        before: Cursor,
        unit: u64,
    ) -> Self {
        Self { ring, boxes, out, before, behind: before, unit, from: unit, held: 0, credit: 0 }
    }

    /// Moves frames up to the number `last`, until `bytes_max` are there or the next one would make them more
    /// than `room`.
    pub(crate) fn run(mut self, last: u64, bytes_max: usize, room: u64) -> Drained {
        let start = self.behind.lsn.get();
        let end_max = start.saturating_add(room);
        while self.behind.number < last && self.behind.lsn.get() - start < bytes_max as u64 {
            let is_taken = match self.ring.done(self.behind.number + 1) {
                Some(Done { units, boxed: false }) => self.take(units, end_max),
                Some(Done { units, boxed: true }) => self.unbox(units, end_max),
                None => false,
            };
            if !is_taken {
                break;
            }
        }
        self.copy();
        self.ring.return_credit(self.credit);
        Drained { before: self.before, behind: self.behind, unit: self.unit }
    }

    /// Takes the next frame, which reserved `reserved` and may be shorter, unless it ends behind `end_max`.
    fn take(&mut self, reserved: u64, end_max: u64) -> bool {
        let (bytes, checksum) = head(self.ring.word(self.unit), || self.ring.word(self.unit + 3));
        if self.behind.lsn.get() + bytes > end_max {
            return false;
        }
        let units = bytes.div_ceil(UNIT_BYTES as u64);
        self.step(bytes, checksum);
        self.held += units;
        self.advance(reserved);
        if units < reserved {
            self.copy();
        }
        true
    }

    fn unbox(&mut self, reserved: u64, end_max: u64) -> bool {
        let index = self.ring.word(self.unit) as usize;
        if self.behind.lsn.get() + self.boxes.frame_bytes(index) as u64 > end_max {
            return false;
        }
        self.copy();
        let start = self.out.len();
        self.boxes.drain_into(index, self.out);
        self.boxes.give_back(index);
        let frame = &self.out[start..];
        // Room for a box may have been taken for a frame that turned out short.
        let (bytes, checksum) = head(u64_at(frame, 0), || u64_at(frame, 24));
        debug_assert_eq!(bytes, frame.len() as u64);
        self.step(bytes, checksum);
        self.advance(reserved);
        self.from = self.unit;
        true
    }

    fn step(&mut self, bytes: u64, checksum: u32) {
        self.before = self.behind;
        self.behind = Cursor {
            lsn: Lsn::new(self.behind.lsn.get() + bytes),
            number: self.behind.number + 1,
            chain: mark::chain(self.behind.chain, checksum),
        };
    }

    fn advance(&mut self, reserved: u64) {
        self.unit += reserved;
        self.credit += reserved;
        if self.credit >= CREDIT_PORTION_UNITS {
            self.copy();
            self.ring.return_credit(std::mem::take(&mut self.credit));
        }
    }

    fn copy(&mut self) {
        self.ring.read(self.from, std::mem::take(&mut self.held), self.out);
        self.from = self.unit;
    }
}

/// Returns length and checksum of the frame that starts with the word `first`; asks for its fourth word, if that
/// holds the checksum.
fn head(first: u64, fourth: impl Fn() -> u64) -> (u64, u32) {
    if first & KIND_BIT != 0 {
        (first & 0xffff, (first >> 32) as u32)
    } else {
        (first & 0xffff_ffff, (fourth() >> 32) as u32)
    }
}
