//! The scanner: walks, counts, remembers the last mark, and judges faults.

use mmsb_types::Lsn;

use super::{BadRecord, Scan, Tail, coverage::Coverage, durable::DurableEnd};
use crate::{
    Cursor, Fault, LogDir, LogError, Mark, Record, StateMark,
    frame::HEADER_BYTES,
    mark::{MARK_BYTES, MARK_MAGIC},
    walk::{Stop, Walk},
    window::is_zero,
};

/// Bytes looked at in one go by searches.
const SEARCH_BYTES: usize = 1 << 18;

/// A walk that counts, remembers the last mark, and judges faults.
#[derive(Debug)]
pub(crate) struct Scanner {
    pub(crate) walk: Walk,
    frame_count: u64,
    mark_count: u64,
    synced_through: u64,
    closed: bool,
    durable: DurableEnd,
    /// Behind the last mark: up to here the chain is known to be right.
    trusted: Cursor,
    frames_trusted: u64,
    /// Built at the first fault, from there on.
    coverage: Option<Coverage>,
    /// What the last search for a mark found, and from where.
    next_mark: Option<(u64, Option<(u64, Mark)>)>,
}

/// A bad record, and what the search behind it needs to know.
pub(crate) struct Found {
    pub(crate) record: BadRecord,
    /// The place where the fault showed, and what the log before it amounted to.
    pub(crate) before: Cursor,
    pub(crate) at: At,
}

/// What a scanner walked over.
pub(crate) enum Step {
    /// A frame, which counts once it is confirmed, or at the log's legal end.
    Frame,
    /// A mark, or a segment's head: the frames before it count.
    Confirmed,
    /// What needs no confirmation.
    Passed,
    /// Nothing: the log ends here, at a bad record if there is one.
    End(Option<Found>),
}

/// Where a fault showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// At a record that is bad by itself.
    Record,
    /// At a whole mark that disowns the records before it.
    Mark,
    /// Between two segments, the second one's head being good.
    Boundary,
    /// At the head of the next segment.
    Head,
}

/// The fault of a record that should be there, where no byte is left.
const NOTHING: Fault = Fault::CutShort { need: HEADER_BYTES as u64, have: 0 };

impl Scanner {
    /// Starts at `start`.
    pub(crate) fn start(dir: &LogDir, start: Cursor) -> Result<Self, LogError> {
        let walk = Walk::new(dir, start, Lsn::new(u64::MAX))?;
        let start = walk.cursor();
        Ok(Self {
            walk,
            frame_count: 0,
            mark_count: 0,
            synced_through: start.number,
            closed: false,
            durable: DurableEnd::new(start),
            trusted: start,
            frames_trusted: 0,
            coverage: None,
            next_mark: None,
        })
    }

    /// Walks to the first record that is not good; `None` if the bytes, or zeros, end there.
    pub(crate) fn find_end(&mut self) -> Result<Option<Found>, LogError> {
        loop {
            if let Step::End(end) = self.step()? {
                return Ok(end);
            }
        }
    }

    /// Walks over one record, or into the next segment.
    #[inline]
    pub(crate) fn step(&mut self) -> Result<Step, LogError> {
        match self.walk.step() {
            Ok(Record::Frame(_)) => {
                self.frame_count += 1;
                self.closed = false;
                Ok(Step::Frame)
            }
            Ok(Record::Mark(mark)) => {
                self.count_mark(&mark);
                Ok(Step::Confirmed)
            }
            Ok(Record::State(_)) => {
                self.closed = false;
                Ok(Step::Passed)
            }
            Err(Stop::End) => match self.walk.advance() {
                Ok(true) => {
                    self.trust_head();
                    Ok(Step::Confirmed)
                }
                Ok(false) => Ok(Step::End(self.judge_end(NOTHING))),
                Err(stop) => self.judge(stop).map(Step::End),
            },
            Err(stop) => self.judge(stop).map(Step::End),
        }
    }

    /// Returns the place up to which every frame was confirmed, by a mark or a segment's head behind it.
    pub(crate) fn trusted(&self) -> Cursor {
        self.trusted
    }

    /// Turns the end that was found into the answer of a scan.
    pub(crate) fn conclude(&self, end: Option<Found>) -> Result<Scan, LogError> {
        match end {
            Some(Found { record, .. }) if record.covered => Err(LogError::Corrupt {
                file: self.walk.path_of(record.segment),
                offset: record.offset,
                number: record.number,
                fault: record.fault,
            }),
            end => Ok(self.scan(end.as_ref())),
        }
    }

    pub(crate) fn scan(&self, end: Option<&Found>) -> Scan {
        let (clean, end_number) = (Tail::Clean { closed: self.closed }, self.walk.cursor().number);
        Scan {
            end: self.walk.cursor(),
            synced_through: self.synced_through.max(self.walk.manifest().durable().min(end_number)),
            durable_end: self.durable.end().min(self.walk.cursor().lsn),
            frame_count: self.frame_count,
            mark_count: self.mark_count,
            tail: end.map_or(clean, |found| Tail::Torn(found.record.clone())),
        }
    }

    /// Goes on at `cursor`, which a search behind a bad record found; its chain value may be unknown.
    pub(crate) fn resume(&mut self, cursor: Cursor, is_chained: bool) {
        self.walk.jump(cursor, is_chained);
        if !is_chained {
            self.trusted = cursor;
            self.frames_trusted = self.frame_count;
        }
    }

    /// Goes back to the last mark, and to the disk for every byte.
    pub(crate) fn read_again(&mut self) {
        self.distrust();
        self.walk.forget();
        (self.coverage, self.next_mark) = (None, None);
    }

    /// Returns the first valid mark at or behind file offset `from`, and where it starts.
    pub(crate) fn find_mark(&mut self, from: u64) -> Result<Option<(u64, Mark)>, LogError> {
        let (instance, first_lsn) = (self.walk.instance(), self.walk.first_lsn());
        let mut at = from.next_multiple_of(8);
        loop {
            let bytes = self.walk.look(at, SEARCH_BYTES)?;
            if bytes.len() < MARK_BYTES {
                return Ok(None);
            }
            let last = bytes.len() - MARK_BYTES;
            let has_magic = |&offset: &usize| bytes[offset + 8..offset + 16] == MARK_MAGIC;
            for offset in (0..=last).step_by(8).filter(has_magic) {
                let place = at + offset as u64;
                if let Ok(mark) = Mark::parse(&bytes[offset..], instance, Lsn::new(first_lsn + place)) {
                    return Ok(Some((place, mark)));
                }
            }
            at += (last / 8 * 8 + 8) as u64;
        }
    }

    /// As [`Scanner::find_mark`], remembering the answer: a stretch without marks is searched once.
    pub(crate) fn next_mark(&mut self, from: u64) -> Result<Option<(u64, Mark)>, LogError> {
        if let Some((searched_from, found)) = self.next_mark
            && searched_from <= from
            && found.is_none_or(|(offset, _)| offset >= from)
        {
            return Ok(found);
        }
        let found = self.find_mark(from)?;
        self.next_mark = Some((from, found));
        Ok(found)
    }

    fn count_mark(&mut self, mark: &Mark) {
        self.mark_count += 1;
        self.synced_through = self.synced_through.max(mark.synced_through);
        self.closed = mark.closing;
        self.durable.pass(mark);
        self.trust();
    }

    /// A segment's head vouches for what is before it as a mark does, and says that it was durable.
    pub(crate) fn trust_head(&mut self) {
        self.synced_through = self.synced_through.max(self.walk.segment().first_number - 1);
        self.closed = false;
        (self.coverage, self.next_mark) = (None, None);
        self.durable.pass_head(self.walk.cursor().lsn);
        self.trust();
    }

    pub(crate) fn trust(&mut self) {
        self.trusted = self.walk.cursor();
        self.frames_trusted = self.frame_count;
    }

    fn judge(&mut self, stop: Stop) -> Result<Option<Found>, LogError> {
        match stop {
            Stop::End => Ok(self.judge_end(NOTHING)),
            Stop::Failed(error) => Err(error),
            Stop::Record(fault) => self.judge_record(fault),
            Stop::Batch(fault) => self.judge_batch(fault).map(Some),
            Stop::Head(fault) => Ok(Some(self.judge_head(fault))),
        }
    }

    /// Judges the end of the log's bytes: records that the manifest knows to be durable are behind it, or none.
    fn judge_end(&self, fault: Fault) -> Option<Found> {
        let before = self.walk.cursor();
        let is_short = before.lsn < self.walk.manifest().durable_lsn();
        is_short.then(|| {
            let (segment, offset) = (self.walk.segment().segment, self.walk.offset());
            let record = BadRecord { segment, offset, number: before.number + 1, fault, covered: true };
            Found { record, before, at: At::Record }
        })
    }

    /// Judges the head of the next segment, which the manifest knows to be durable.
    fn judge_head(&self, fault: Fault) -> Found {
        let segment = self.walk.next_segment().segment;
        let record = BadRecord { segment, offset: 0, number: 0, fault, covered: true };
        Found { record, before: self.walk.cursor(), at: At::Head }
    }

    /// Judges a record that is bad by itself: those before it stand.
    fn judge_record(&mut self, fault: Fault) -> Result<Option<Found>, LogError> {
        let (before, offset) = (self.walk.cursor(), self.walk.offset());
        // A log that ends before the place where reading it began lacks what was before that place.
        let is_cut = self.walk.is_beyond_end();
        if self.walk.is_in_last() && !is_cut && self.only_zeros_from(offset)? {
            return Ok(self.judge_end(fault));
        }
        let (instance, lsn) = (self.walk.instance(), before.lsn);
        let line = self.walk.look(offset, MARK_BYTES)?;
        let is_mark = Mark::looks_like(line, instance, lsn);
        let is_state = !is_mark && StateMark::looks_like(line, instance, lsn);
        let number = before.number + u64::from(!is_mark && !is_state && !is_cut);
        // A state mark stands behind the mark of the batch before it: it is durable with the next one only.
        let covered = is_cut || self.is_covered(offset, number + u64::from(is_state))?;
        let at = if is_cut || self.walk.is_at_boundary() { At::Boundary } else { At::Record };
        let record = BadRecord { segment: self.walk.segment().segment, offset, number, fault, covered };
        Ok(Some(Found { record, before, at }))
    }

    /// Judges a mark, or a segment's head, that is whole and does not belong to the records before it: since the
    /// last mark, some record is not the one that was written, and none of them counts.
    fn judge_batch(&mut self, fault: Fault) -> Result<Found, LogError> {
        let (before, found_at) = (self.walk.cursor(), self.walk.offset());
        let at = if self.walk.is_at_boundary() { At::Boundary } else { At::Mark };
        self.distrust();
        let number = self.trusted.number + u64::from(self.trusted.number < before.number);
        let covered = self.is_covered(found_at, number)?;
        let (segment, offset) = (self.walk.segment().segment, self.walk.offset());
        let record = BadRecord { segment, offset, number, fault, covered };
        Ok(Found { record, before, at })
    }

    fn distrust(&mut self) {
        let trusted = self.trusted;
        self.walk.jump(trusted, self.walk.is_chained());
        self.frame_count = self.frames_trusted;
    }

    /// Tells whether a valid mark from `offset` on says that `number` was durable, or the manifest that what
    /// stands at the cursor was. So does the next segment's head, whatever it is.
    fn is_covered(&mut self, offset: u64, number: u64) -> Result<bool, LogError> {
        if !self.walk.is_in_last() || self.walk.cursor().lsn < self.walk.manifest().durable_lsn() {
            return Ok(true);
        }
        if self.coverage.is_none() {
            let mut coverage = Coverage::default();
            let mut from = offset;
            while let Some((at, mark)) = self.find_mark(from)? {
                coverage.add(at, mark.synced_through);
                from = at + MARK_BYTES as u64;
            }
            self.coverage = Some(coverage);
        }
        Ok(self.coverage.as_ref().is_some_and(|coverage| coverage.reaches(offset, number)))
    }

    fn only_zeros_from(&mut self, offset: u64) -> Result<bool, LogError> {
        let mut at = offset;
        loop {
            let bytes = self.walk.look(at, SEARCH_BYTES)?;
            if bytes.is_empty() {
                return Ok(true);
            }
            if !is_zero(bytes) {
                return Ok(false);
            }
            at += bytes.len() as u64;
        }
    }
}
