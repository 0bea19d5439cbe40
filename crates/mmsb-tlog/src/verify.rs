//! Verification: every bad record of a log by name, and nothing changed.
//!
//! Behind a bad record the search goes on at the next record that can be told. Where the length of a frame is
//! destroyed and the frame behind it, too, both go by the name of the first. The last batch of a segment ends at
//! the next one's head, whose place the manifest tells.

mod resume;

use crate::{BadRecord, Cursor, LogDir, LogError, Scan, scan::Scanner};

/// Most bad records that are listed; a bound for hostile files.
const BAD_COUNT_MAX: usize = 1 << 20;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Counts, and the end of the good part.
    pub scan: Scan,
    /// Every bad record, in the order of the log; the search ends at 1,048,576 of them.
    pub bad: Vec<BadRecord>,
}

impl Verification {
    /// Verifies the log of `dir` from end to end.
    ///
    /// # Errors
    /// [`LogError::Io`] only: damage is in the answer.
    ///
    /// # Cost
    /// A few passes over the log at most, however damaged it is.
    pub fn run(dir: &LogDir) -> Result<Self, LogError> {
        let mut scanner = Scanner::start(dir, Cursor::first(dir))?;
        let mut next = scanner.find_end()?;
        let scan = scanner.scan(next.as_ref());
        let mut bad = Vec::new();
        while let Some(found) = next.take() {
            if bad.len() + 1 < BAD_COUNT_MAX && scanner.resume_behind(&found)? {
                next = scanner.find_end()?;
            }
            bad.push(found.record);
        }
        Ok(Self { scan, bad })
    }

    /// Tells whether durable bytes are damaged; a torn tail alone is legal.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.bad.iter().any(|record| record.covered)
    }
}
