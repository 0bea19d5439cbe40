//! One pass over a log for who opens it: finds the end as a [`Scan`] does, and hands out the commits before it, as
//! the very bytes that were verified.
//!
//! A frame is held back until a mark, or a segment's head, confirms it; those behind the last mark count if the
//! log legally ends behind them. Frames that would take too much memory to hold back are given up, and read and
//! verified once more when they count.
//!
//! Invariant: what is handed out are the frames of the log up to the scan's end, each once, in order; if the log
//! is damaged, those that were confirmed before the damage.

mod held;
mod stretch;

use mmsb_types::Lsn;

use self::held::Held;
pub use self::stretch::Stretch;
use crate::{
    Cursor, LogDir, LogError, Record, Scan,
    dir::io_error,
    reader::explain,
    scan::{Found, Scanner, Step},
    vfs::Access,
    walk::{Stop, Walk},
};

/// Most bytes that are held back at once; a flusher's batch is no longer than its ring, mostly.
const HELD_BYTES_MAX: usize = 32 << 20;

/// A pass under way.
#[derive(Debug)]
pub struct Pass {
    dir: LogDir,
    scanner: Scanner,
    held: Held,
    /// Where the frames begin that were given up, if some were since the last mark.
    given_up: Option<Cursor>,
    /// Those of them that count by now, being read once more, and where they end.
    again: Option<(Walk, Lsn)>,
    /// Beside a live writer: the last place where damage was not believed yet.
    doubted: Option<u64>,
    outcome: Option<Result<Scan, LogError>>,
    /// No more is handed out.
    is_spent: bool,
    held_bytes_max: usize,
}

impl Pass {
    /// Starts at `start`, the place of a checkpoint, or the log's first.
    ///
    /// # Errors
    /// [`LogError::HistoryGone`] if the log begins behind `start`.
    pub fn start(dir: &LogDir, start: Cursor) -> Result<Self, LogError> {
        let scanner = Scanner::start(dir, start)?;
        let held = Held::new(scanner.trusted().lsn);
        Ok(Self {
            dir: dir.clone(),
            scanner,
            held,
            given_up: None,
            again: None,
            doubted: None,
            outcome: None,
            is_spent: false,
            held_bytes_max: HELD_BYTES_MAX,
        })
    }

    /// As [`Pass::start`], beside a live writer: damage is looked at once more before it is believed.
    ///
    /// # Errors
    /// As [`Pass::start`].
    pub fn start_beside_writer(dir: &LogDir, start: Cursor) -> Result<Self, LogError> {
        Ok(Self { doubted: Some(0), ..Self::start(dir, start)? })
    }

    /// Holds back at most so many bytes: for tests, which have no long batches.
    #[doc(hidden)]
    #[must_use]
    pub fn holding_at_most(self, bytes: usize) -> Self {
        Self { held_bytes_max: bytes, ..self }
    }

    /// Returns the place behind the last record that was read.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.scanner.walk.cursor()
    }

    /// Returns how many bytes of log there are behind the cursor, at most: zeros that were written ahead count, too.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn bytes_at_most(&self) -> Result<u64, LogError> {
        let last = self.scanner.walk.manifest().last_segment();
        let file = self.dir.open_segment(&last, Access::ReadOnly)?;
        let len = file.len().map_err(io_error("measuring", &self.dir.segment_path(&last), 0))?;
        Ok((last.first_lsn.get() + len).saturating_sub(self.cursor().lsn.get()))
    }

    /// Returns the next commits that count; `None` at the end, whatever ends the log: [`Pass::finish`] tells.
    ///
    /// # Cost
    /// A read of about a megabyte, and its checksums. Memory of what was handed out is used again once it is
    /// dropped.
    pub fn next_stretch(&mut self) -> Option<Stretch> {
        while !self.is_spent {
            if let Some(stretch) = self.held.pop(self.outcome.is_some() && self.again.is_none()) {
                return Some(stretch);
            }
            if let Err(error) = self.go_on() {
                (self.outcome, self.again) = (Some(Err(error)), None);
                self.held.end_at_confirmed();
            }
        }
        None
    }

    /// Goes on to the log's end, if it was not reached, and tells what was found there.
    ///
    /// # Errors
    /// As [`Scan::from`]; beside a writer, as [`Scan::from_beside_writer`].
    pub fn finish(mut self) -> Result<Scan, LogError> {
        while self.next_stretch().is_some() {}
        self.outcome.expect("a pass that is spent has found the end")
    }

    /// Goes on until there is more to hand out, perhaps, or nothing is left.
    fn go_on(&mut self) -> Result<(), LogError> {
        if self.again.is_some() {
            return self.read_again();
        }
        if self.outcome.is_some() {
            self.is_spent = true;
            return Ok(());
        }
        loop {
            let before = self.scanner.walk.cursor();
            match self.scanner.step()? {
                Step::Frame if self.given_up.is_some() => {}
                Step::Frame => {
                    if self.held.add(&self.scanner.walk, before.lsn) {
                        self.give_up_if_long();
                        return Ok(());
                    }
                }
                Step::Passed => {}
                Step::Confirmed => {
                    if self.confirm()? {
                        return Ok(());
                    }
                }
                Step::End(end) => return self.end(end),
            }
        }
    }

    /// Lets all frames so far count; tells whether there may be something to hand out.
    fn confirm(&mut self) -> Result<bool, LogError> {
        let end = self.scanner.walk.cursor();
        if let Some(start) = self.given_up.take() {
            self.again = Some((Walk::new(&self.dir, start, end.lsn)?, end.lsn));
        }
        Ok(self.held.confirm(end.lsn) || self.again.is_some())
    }

    fn end(&mut self, end: Option<Found>) -> Result<(), LogError> {
        if let (Some(doubted), Some(found)) = (self.doubted, &end)
            && found.record.covered
            && found.before.lsn.get() > doubted
        {
            // A batch that was caught half-written has landed by the time a later mark covers it, so a second
            // look at the same place tells damage from haste.
            self.doubted = Some(found.before.lsn.get());
            self.scanner.read_again();
            self.held.end_at(self.scanner.trusted().lsn);
            self.given_up = None;
            return Ok(());
        }
        let scan = self.scanner.conclude(end)?;
        self.held.end_at(scan.end.lsn);
        self.given_up = self.given_up.filter(|start| start.lsn < scan.end.lsn);
        self.confirm()?;
        self.outcome = Some(Ok(scan));
        Ok(())
    }

    /// Gives up what is held back, if that is too much.
    fn give_up_if_long(&mut self) {
        let trusted = self.scanner.trusted();
        if self.held.bytes_behind(trusted.lsn) > self.held_bytes_max {
            self.held.end_at(trusted.lsn);
            self.given_up = Some(trusted);
        }
    }

    /// Reads frames once more that were given up and count by now.
    fn read_again(&mut self) -> Result<(), LogError> {
        while let Some((walk, end)) = &mut self.again {
            let before = walk.cursor();
            if before.lsn >= *end {
                self.again = None;
                break;
            }
            match walk.step().map(|record| matches!(record, Record::Frame(_))) {
                Ok(true) if self.held.add(walk, before.lsn) => return Ok(()),
                Ok(_) => {}
                Err(stop) => go_to_next(walk, stop)?,
            }
        }
        Ok(())
    }
}

/// Goes into the next segment if `walk` stopped at the end of one.
fn go_to_next(walk: &mut Walk, stop: Stop) -> Result<(), LogError> {
    let (offset, number) = (walk.offset(), walk.cursor().number + 1);
    let moved = match stop {
        Stop::End => walk.advance().and_then(|moved| if moved { Ok(()) } else { Err(Stop::End) }),
        stop => Err(stop),
    };
    moved.map_err(|stop| explain(stop, walk.path(), offset, number))
}
