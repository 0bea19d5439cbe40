//! Where to go on behind a bad record.
//!
//! Payload may hold frames of any log, so a place that was guessed or searched for counts most if frames lead
//! from there exactly to the next mark, which alone knows its own place. In this order: the end that the bad
//! record's own head tells; a guessed end, then any place, from which frames lead to the next mark; a guessed
//! end where the next frame stands; the next mark.
//!
//! Invariant: every resumption is behind the fault, and searches spend from one budget, so a verification ends.

use mmsb_types::Lsn;

use crate::{
    Cursor, Fault, LogError, Mark, StateMark,
    frame::{HEADER_BYTES, RecordHead, SINGLE_BYTES, record_head, u32_at, u64_at},
    mark::MARK_BYTES,
    scan::{At, Found, Scanner},
};

/// What one verification may spend on searches: a place looked at costs 1, a head read on the way to a mark 64.
const EFFORT_MAX: u64 = 1 << 27;
const HEAD_EFFORT: u64 = 64;
const LINE_BYTES: u64 = SINGLE_BYTES as u64;

impl Scanner {
    /// Goes on behind a bad record; `false` if nothing behind it can be told.
    pub(crate) fn resume_behind(&mut self, found: &Found) -> Result<bool, LogError> {
        let offset = self.walk.offset_of(found.before.lsn);
        match found.at {
            At::Head => return self.resume_in_next(),
            At::Boundary => return Ok(self.resume_at_boundary()),
            At::Mark => {
                self.resume_behind_mark(offset, found)?;
                return Ok(true);
            }
            At::Record => {}
        }
        let number = found.record.number;
        if let Some(behind) = self.end_by_head(offset, found)? {
            let keeps_chain = number == found.before.number;
            self.resume_at(behind, number, keeps_chain.then_some(found.before.chain));
            return Ok(true);
        }
        self.resume_by_search(offset, found)
    }

    fn resume_by_search(&mut self, offset: u64, found: &Found) -> Result<bool, LogError> {
        let number = found.record.number;
        let Some((mark_offset, mark)) = self.next_mark(offset + 8)? else {
            return Ok(self.resume_at_boundary());
        };
        let guess = self.end_by_guess(offset, found, &mark)?;
        // A whole frame in the wrong place has its neighbour behind it, whatever number that has.
        let is_misplaced = guess.is_some() && matches!(found.record.fault, Fault::Number { .. });
        let searched = if is_misplaced { 0..0 } else { offset + 8..mark_offset };
        for place in guess.into_iter().chain(searched.step_by(8)) {
            let Some((first, _)) = self.frame_head_at(place)? else { continue };
            if first > number && self.leads_to(place, first, mark_offset, mark.number)? {
                self.resume_at(place, first - 1, None);
                return Ok(true);
            }
            if !self.walk.spend(1, EFFORT_MAX) {
                break;
            }
        }
        match guess {
            Some(behind) => self.resume_at(behind, number, None),
            None => self.resume(Cursor { lsn: mark.lsn, number: mark.number, chain: mark.chain }, true),
        }
        Ok(true)
    }

    /// Goes on at the end of the segment, which the next one tells; `false` if there is no next one.
    fn resume_at_boundary(&mut self) -> bool {
        let moved = self.walk.jump_to_boundary();
        self.trust();
        moved
    }

    /// Goes on at the next segment's first record, whatever its head says; `false` if there is none.
    fn resume_in_next(&mut self) -> Result<bool, LogError> {
        let moved = self.walk.force_on()?;
        if moved {
            self.trust_head();
        }
        Ok(moved)
    }

    fn resume_at(&mut self, offset: u64, number: u64, chain: Option<u32>) {
        let lsn = Lsn::new(self.walk.first_lsn() + offset);
        self.resume(
            Cursor { lsn, number, chain: chain.unwrap_or(0) },
            chain.is_some() && self.walk.is_chained(),
        );
    }

    /// A whole mark disowned the records before it; if it is this log's, what is behind it builds on it.
    fn resume_behind_mark(&mut self, offset: u64, found: &Found) -> Result<(), LogError> {
        match self.mark_at(offset)? {
            Some(mark) => {
                let lsn = Lsn::new(mark.lsn.get() + MARK_BYTES as u64);
                self.resume(Cursor { lsn, number: mark.number, chain: mark.chain }, true);
            }
            None => self.resume_at(offset + LINE_BYTES, found.before.number, None),
        }
        Ok(())
    }

    /// Returns the end of a record whose head still tells its length, or that must have been a mark.
    fn end_by_head(&mut self, offset: u64, found: &Found) -> Result<Option<u64>, LogError> {
        if found.record.number == found.before.number {
            return Ok(Some(offset + LINE_BYTES));
        }
        if let Fault::Number { .. } | Fault::CutShort { .. } = found.record.fault {
            return Ok(None);
        }
        let Ok(head) = record_head(self.walk.look(offset, HEADER_BYTES)?) else { return Ok(None) };
        Ok(Some(offset + head.bytes() as u64))
    }

    /// Returns the end of the record by a length that nothing vouches for, if the next record stands there.
    fn end_by_guess(&mut self, offset: u64, found: &Found, mark: &Mark) -> Result<Option<u64>, LogError> {
        let head = self.walk.look(offset, HEADER_BYTES)?;
        let stored = if head.len() < 4 { 0 } else { u64::from(u32_at(head, 0)) };
        let is_misplaced = matches!(found.record.fault, Fault::Number { .. });
        let number = found.record.number;
        for bytes in [stored, LINE_BYTES].into_iter().filter(|&bytes| bytes > 0 && bytes % 8 == 0) {
            let behind = offset + bytes;
            // Past the window: a length that nothing vouches for must not move it to and fro.
            let mut line = [0; MARK_BYTES];
            let got = self.walk.peek(behind, &mut line)?;
            let is_mark = self.mark_in(&line[..got], behind).is_some_and(|mark| mark.number == number);
            let is_next = |(next, _)| next <= mark.number && (next == number + 1 || is_misplaced);
            if is_mark || frame_head(&line[..got]).is_some_and(is_next) {
                return Ok(Some(behind));
            }
        }
        Ok(None)
    }

    /// Tells whether frames of rising numbers, the first at `from`, end exactly where the mark stands.
    fn leads_to(&mut self, from: u64, first: u64, mark_offset: u64, last: u64) -> Result<bool, LogError> {
        let (mut offset, mut expected) = (from, first);
        while offset < mark_offset && self.walk.spend(HEAD_EFFORT, EFFORT_MAX) {
            let mut line = [0; HEADER_BYTES];
            let got = self.walk.peek(offset, &mut line)?;
            match frame_head(&line[..got]) {
                Some((number, bytes)) if number == expected && number <= last => {
                    offset += bytes;
                    expected += 1;
                }
                None if self.is_state(&line[..got], offset) => offset += LINE_BYTES,
                _ => return Ok(false),
            }
        }
        Ok(offset == mark_offset && expected == last + 1)
    }

    /// Tells whether a state mark stands at `offset`, by the fields that name its place.
    fn is_state(&self, line: &[u8], offset: u64) -> bool {
        let lsn = Lsn::new(self.walk.first_lsn() + offset);
        matches!(record_head(line), Ok(RecordHead::State(_)))
            && StateMark::has_place(line, self.walk.instance(), lsn)
    }

    fn mark_at(&mut self, offset: u64) -> Result<Option<Mark>, LogError> {
        let mut line = [0; MARK_BYTES];
        let got = self.walk.peek(offset, &mut line)?;
        Ok(self.mark_in(&line[..got], offset))
    }

    fn mark_in(&self, line: &[u8], offset: u64) -> Option<Mark> {
        Mark::parse(line, self.walk.instance(), Lsn::new(self.walk.first_lsn() + offset)).ok()
    }

    fn frame_head_at(&mut self, offset: u64) -> Result<Option<(u64, u64)>, LogError> {
        Ok(frame_head(self.walk.look(offset, HEADER_BYTES)?))
    }
}

/// Returns number and length of the frame that starts `bytes`.
fn frame_head(bytes: &[u8]) -> Option<(u64, u64)> {
    match record_head(bytes).ok()? {
        RecordHead::Mark(_) | RecordHead::State(_) => None,
        head => Some((u64_at(bytes, 8), head.bytes() as u64)),
    }
}
