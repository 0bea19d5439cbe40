//! What a thread did and was told, and when.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use mmsb::{Epoch, PageId};

/// The one clock of a history: it only counts.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

/// One thread's part of a history.
#[derive(Debug)]
pub struct Lane<'c> {
    clock: &'c Clock,
    thread: u32,
    records: Vec<Record>,
}

/// One operation: between `began` and `ended` it took effect, all at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who did it.
    pub thread: u32,
    /// Before it was asked for.
    pub began: u64,
    /// After it was answered.
    pub ended: u64,
    /// What it was.
    pub action: Action,
}

/// What was done, and what was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A transaction read, changed, and was committed.
    Commit {
        /// The epoch it made.
        epoch: Epoch,
        /// What it read, before it changed any of that.
        reads: Vec<Seen>,
        /// What it changed, in order.
        changes: Vec<Change>,
    },
    /// The bus went back to an earlier state, by a commit forward.
    Rewind {
        /// The epoch it made.
        epoch: Epoch,
        /// The epoch whose state it brought back.
        to: Epoch,
    },
    /// One page was read.
    Read(Seen),
    /// A view of the newest state was taken.
    View {
        /// The epoch it shows.
        epoch: Epoch,
    },
    /// Pages were read through a view, whenever it was taken.
    Look {
        /// The epoch the view shows.
        epoch: Epoch,
        /// What was read.
        seen: Vec<Seen>,
    },
}

/// What was read of one page.
#[derive(Clone, PartialEq, Eq)]
pub struct Seen {
    /// The page.
    pub page: PageId,
    /// The epoch told with the bytes, if one was; 0 if the page was not there.
    pub epoch: Option<Epoch>,
    /// Where in the page the bytes begin.
    pub offset: u32,
    /// The bytes; `None` if the page was not there.
    pub bytes: Option<Vec<u8>>,
}

/// What a transaction changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A page of zeros came to be.
    Created {
        /// The page.
        page: PageId,
        /// Its length, in bytes.
        page_bytes: usize,
    },
    /// A page was deleted.
    Deleted(PageId),
    /// Bytes of a page were replaced.
    Written {
        /// The page.
        page: PageId,
        /// Where the bytes begin.
        offset: u32,
        /// The new bytes.
        bytes: Vec<u8>,
    },
}

impl Clock {
    /// Returns a later time than any before.
    pub fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    /// Starts the part of the history that is `thread`'s.
    #[must_use]
    pub fn lane(&self, thread: u32) -> Lane<'_> {
        Lane { clock: self, thread, records: Vec::new() }
    }
}

impl Lane<'_> {
    /// Tells when the operation that is asked for next begins.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.clock.tick()
    }

    /// Writes down an operation that has ended.
    pub fn end(&mut self, began: u64, action: Action) {
        let (thread, ended) = (self.thread, self.clock.tick());
        self.records.push(Record { thread, began, ended, action });
    }

    /// Returns what was written down.
    #[must_use]
    pub fn into_records(self) -> Vec<Record> {
        self.records
    }
}

impl Change {
    /// Returns the page that is changed.
    #[must_use]
    pub fn page(&self) -> PageId {
        match self {
            Self::Created { page, .. } | Self::Written { page, .. } | Self::Deleted(page) => *page,
        }
    }
}

impl Action {
    /// Returns the epoch that it made, if it made one.
    #[must_use]
    pub fn made(&self) -> Option<Epoch> {
        match self {
            Self::Commit { epoch, .. } | Self::Rewind { epoch, .. } => Some(*epoch),
            Self::Read(_) | Self::View { .. } | Self::Look { .. } => None,
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {} at {}..{} ", self.thread, self.began, self.ended)?;
        match &self.action {
            Action::Commit { epoch, reads, changes } => {
                write!(f, "committed {epoch}: {} read, {} changes", reads.len(), changes.len())
            }
            Action::Rewind { epoch, to } => write!(f, "rewound to {to} by {epoch}"),
            Action::Read(seen) => write!(f, "read {seen:?}"),
            Action::View { epoch } => write!(f, "took a view of {epoch}"),
            Action::Look { epoch, seen } => write!(f, "looked at {} pages as of {epoch}", seen.len()),
        }
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.page)?;
        match (&self.bytes, self.epoch) {
            (None, _) => f.write_str(", not there"),
            (Some(bytes), epoch) => {
                write!(f, " from {}: {}", self.offset, short(bytes))?;
                epoch.map_or(Ok(()), |epoch| write!(f, " of {epoch}"))
            }
        }
    }
}

/// Bytes around the first place at which they are not the expected ones.
pub(crate) fn unlike(found: &[u8], expected: &[u8]) -> String {
    let at = found.iter().zip(expected).take_while(|(one, other)| one == other).count();
    let from = |bytes: &[u8]| short(bytes.get(at..).unwrap_or_default());
    format!("byte {at} and on {}, not {}", from(found), from(expected))
}

/// The first bytes, and how many there are.
pub(crate) fn short(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    let rest = if bytes.len() > 12 { format!(" .. ({} bytes)", bytes.len()) } else { String::new() };
    format!("[{}{rest}]", shown.join(" "))
}
