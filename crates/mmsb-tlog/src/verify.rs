//! Verification: every bad record of a log by name, and nothing changed.
//!
//! Behind a bad record the search goes on at the next valid mark, or at the frame with the next number.

use mmsb_types::Lsn;

use crate::{
    BadRecord, Cursor, Fault, LogDir, LogError, Scan, Tail,
    frame::{HEADER_BYTES, parse_frame, record_head},
    mark::{MARK_BYTES, Mark},
    scan::Scanner,
};

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Counts, and the end of the good part.
    pub scan: Scan,
    /// Every bad record, in the order of the file.
    pub bad: Vec<BadRecord>,
}

impl Verification {
    /// Verifies the log of `dir` from end to end.
    ///
    /// # Errors
    /// [`LogError::Io`] only: damage is in the answer.
    pub fn run(dir: &LogDir) -> Result<Self, LogError> {
        let mut scanner = Scanner::start(dir)?;
        let mut bad = Vec::new();
        let first = scanner.find_end()?;
        let clean = Tail::Clean { closed: scanner.is_closed() };
        let scan = scanner.scan(first.clone().map_or(clean, Tail::Torn));
        let mut next = first;
        while let Some(record) = next.take() {
            let resumed = scanner.resume_behind(&record)?;
            bad.push(record);
            next = match resumed {
                None => None,
                Some(Resumed::AtMark) => scanner.find_end()?,
                Some(Resumed::AtFrame) => scanner.find_end_unchained()?,
            };
        }
        Ok(Self { scan, bad })
    }

    /// Tells whether durable bytes are damaged; a torn tail alone is legal.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.bad.iter().any(|record| record.covered)
    }
}

/// What stands at the place where the search went on.
#[derive(Clone, Copy)]
enum Resumed {
    AtMark,
    AtFrame,
}

impl Scanner {
    /// Steps to the next record that can be told behind a bad one, if there is one.
    fn resume_behind(&mut self, bad: &BadRecord) -> Result<Option<Resumed>, LogError> {
        let mut offset = bad.offset + u64::from(!matches!(bad.fault, Fault::Chain { .. })) * 8;
        loop {
            let left = self.walk.look(offset, MARK_BYTES)?.len();
            if left < HEADER_BYTES {
                return Ok(None);
            }
            if let Some((cursor, resumed)) = self.record_at(offset, bad.number + 1)? {
                self.walk.jump(cursor);
                return Ok(Some(resumed));
            }
            offset += 8;
        }
    }

    /// Returns the place before the record at `offset`, if it is a mark or the frame `number`.
    fn record_at(&mut self, offset: u64, number: u64) -> Result<Option<(Cursor, Resumed)>, LogError> {
        let lsn = Lsn::new(self.walk.first_lsn() + offset);
        let instance = self.walk.instance();
        let head = self.walk.look(offset, MARK_BYTES)?;
        if let Ok(mark) = Mark::parse(head, instance, lsn) {
            return Ok(Some((Cursor { lsn, number: mark.number, chain: mark.chain }, Resumed::AtMark)));
        }
        let Ok(head) = record_head(head) else { return Ok(None) };
        let frame = parse_frame(self.walk.look(offset, head.bytes())?).ok();
        let found = frame.filter(|frame| frame.number == number);
        Ok(found.map(|frame| (Cursor { lsn, number: frame.number - 1, chain: 0 }, Resumed::AtFrame)))
    }

    /// As `find_end`, but the first mark only starts a chain: what it chains was partly unreadable.
    fn find_end_unchained(&mut self) -> Result<Option<BadRecord>, LogError> {
        match self.find_end()? {
            Some(BadRecord { fault: Fault::Chain { stored, .. }, offset, .. }) => {
                let lsn = Lsn::new(self.walk.first_lsn() + offset);
                let instance = self.walk.instance();
                let mark = Mark::parse(self.walk.look(offset, MARK_BYTES)?, instance, lsn);
                let number = mark.map_or(0, |mark| mark.number);
                self.walk.jump(Cursor { lsn, number, chain: stored });
                self.find_end()
            }
            other => Ok(other),
        }
    }
}
