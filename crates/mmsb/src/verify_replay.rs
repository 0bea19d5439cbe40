//! Holding a log against what was in memory when it was written: replay it, and compare with every hash and every
//! checkpoint on the way.
//!
//! 1. One pass finds the hashes: a state mark stands anywhere behind the frame of its state.
//! 2. A second one replays from the oldest state, hashes where a hash was told, and reads every checkpoint it passes.
//!
//! A log whose checksums are right can still be wrong: bytes may have changed in memory before they were logged, or
//! behind the log's back. What was hashed came from memory; what is replayed, from the log.
//!
//! Invariant: changes nothing, and ends at the first state that differs, or at the next checkpoint behind it, which
//! can tell the page.

mod compare;
mod start;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
};

use mmsb_delta::BatchView;
use mmsb_tlog::{Commit, Cursor, LogDir, Record, Scan, vfs::OsVfs};
use mmsb_types::{Epoch, Lsn, PageId};

use self::start::Start;
pub(crate) use self::start::oldest;
use crate::{
    Error, StateHash,
    kept::Kept,
    replay::{Heading, Lifetimes, Pages, Why},
    state::StatePages,
    state_hash::{StateHasher, page_element},
};

/// Commits between two words about the progress.
const PROGRESS_COMMITS: u64 = 1 << 12;

/// What a replay was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayVerified {
    /// The state it began with: that of the log's birth, or of the oldest checkpoint.
    pub first: Epoch,
    /// The state it ended with.
    pub last: Epoch,
    /// That state's hash.
    pub hash: StateHash,
    /// Hashes in the log that were compared.
    pub hash_count: u64,
    /// Checkpoints that were compared, page by page.
    pub checkpoint_count: u64,
    /// The last state that was compared, and equal; `first`, if none was.
    pub equal: Epoch,
    /// The first state that differs: some commit behind `equal`, up to it, is not what memory said.
    pub difference: Option<ReplayDifference>,
}

/// A state that is not what the log makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayDifference {
    /// The state.
    pub epoch: Epoch,
    /// What tells otherwise.
    pub by: Mismatch,
    /// The first page that differs, where a checkpoint tells, and the checkpoint's epoch.
    pub page: Option<(PageId, Epoch)>,
}

/// What tells that a state differs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// A hash in the log.
    Hash {
        /// The one in the log.
        logged: StateHash,
        /// That of the replayed state.
        replayed: StateHash,
    },
    /// A checkpoint.
    Checkpoint {
        /// What differs.
        what: String,
    },
}

/// How far a replay has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayProgress {
    /// Bytes of log read so far; the log is read twice.
    pub log_bytes: u64,
    /// How many there are to read.
    pub log_total: u64,
}

impl fmt::Display for ReplayDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = self.epoch;
        match (&self.by, self.page) {
            (Mismatch::Checkpoint { what }, _) => write!(f, "{epoch}: its checkpoint differs: {what}"),
            (Mismatch::Hash { logged, replayed }, None) => {
                write!(f, "{epoch}: the log tells the hash {logged}, replayed it is {replayed}")
            }
            (Mismatch::Hash { .. }, Some((page, at))) => {
                write!(f, "{epoch}: the log tells another hash; at {at}, the checkpoint has another {page}")
            }
        }
    }
}

/// Replays the bus at `path` from the oldest state it keeps, and compares every state whose hash is in the log
/// ([`Builder::state_hash_every`](crate::Builder::state_hash_every)), and every checkpoint, with what the log makes
/// of it. Changes nothing, even beside a live writer.
///
/// # Errors
/// As [`Bus::open_read_only`](crate::Bus::open_read_only): a log or a checkpoint that cannot be read is an error; one
/// that says something else is in the answer. [`Error::HistoryGone`] if a live writer gives up what is being read, again
/// and again.
///
/// # Cost
/// Reads the log twice and every checkpoint's chain once; hashes what changed between two hashes. Holds all pages.
pub fn verify_replay(
    path: impl AsRef<Path>,
    progress: impl FnMut(ReplayProgress),
) -> Result<ReplayVerified, Error> {
    verify_replay_of(LogDir::open(Arc::new(OsVfs), path.as_ref())?.anchored(), progress)
}

/// As [`verify_replay`], of a bus that is open as a directory already.
///
/// # Errors
/// As [`verify_replay`].
#[doc(hidden)]
pub fn verify_replay_of(dir: LogDir, progress: impl FnMut(ReplayProgress)) -> Result<ReplayVerified, Error> {
    let (kept, mut progress) = (Kept::new(dir), progress);
    kept.beside_writer(|| verify_once(&kept, &mut progress))
}

fn verify_once(kept: &Kept, progress: impl FnMut(ReplayProgress)) -> Result<ReplayVerified, Error> {
    let Start { cursor, heading, pages } = Start::of(kept)?;
    let end = Scan::from_beside_writer(&kept.dir(), cursor)?.end;
    let mut teller = Teller::new(cursor, end.lsn, progress);
    let hashes = hashes(kept, cursor, end.lsn, &mut teller)?;
    let replay = Replay::new(kept.clone(), heading, pages, hashes);
    replay.run(cursor, end.lsn, &mut teller)
}

/// Finds every hash of a state behind `start`.
fn hashes(
    kept: &Kept,
    start: Cursor,
    end: Lsn,
    teller: &mut Teller<impl FnMut(ReplayProgress)>,
) -> Result<BTreeMap<Epoch, StateHash>, Error> {
    let (mut reader, mut hashes) = (kept.reader(start, end)?, BTreeMap::new());
    loop {
        match reader.next_record().map_err(|error| kept.failed(error, start.number))? {
            None => return Ok(hashes),
            Some(Record::State(mark)) if mark.number > start.number => {
                hashes.insert(Epoch::new(mark.number), StateHash(mark.hash));
            }
            Some(Record::Frame(frame)) if frame.number.is_multiple_of(PROGRESS_COMMITS) => {
                teller.tell(0, reader.cursor().lsn);
            }
            Some(_) => {}
        }
    }
}

/// A state on its way through the log.
struct Replay {
    kept: Kept,
    heading: Heading,
    pages: Tracked,
    hasher: StateHasher,
    hashes: BTreeMap<Epoch, StateHash>,
    verified: ReplayVerified,
}

/// Pages, and which of them changed since they were hashed.
struct Tracked {
    pages: StatePages,
    changed: BTreeSet<PageId>,
}

impl Replay {
    fn new(kept: Kept, heading: Heading, pages: StatePages, hashes: BTreeMap<Epoch, StateHash>) -> Self {
        let verified = ReplayVerified {
            first: heading.epoch,
            last: heading.epoch,
            hash: StateHash([0; 32]),
            hash_count: 0,
            checkpoint_count: 0,
            equal: heading.epoch,
            difference: None,
        };
        let changed = pages.iter().map(|(page, _)| page).collect();
        let hasher = StateHasher::default();
        Self { kept, heading, pages: Tracked { pages, changed }, hasher, hashes, verified }
    }

    fn run(
        mut self,
        start: Cursor,
        end: Lsn,
        teller: &mut Teller<impl FnMut(ReplayProgress)>,
    ) -> Result<ReplayVerified, Error> {
        let (mut reader, manifest) = (self.kept.reader(start, end)?, self.kept.dir().manifest());
        while let Some(commit) =
            reader.next_commit().map_err(|error| self.kept.failed(error, start.number))?
        {
            let (epoch, lsn) = (commit.epoch, commit.lsn);
            self.step(&commit)?;
            if epoch.get().is_multiple_of(PROGRESS_COMMITS) {
                teller.tell(1, lsn);
            }
            self.compare_hash();
            if manifest.checkpoint(epoch.get()).is_some() {
                self.compare_checkpoint(&manifest.chain(epoch.get()))?;
            }
            let later = manifest.checkpoints.last().is_some_and(|newest| newest.epoch() > epoch.get());
            let is_told = self.verified.difference.as_ref().is_some_and(|told| told.page.is_some() || !later);
            if is_told {
                break;
            }
        }
        self.verified.last = self.heading.epoch;
        self.verified.hash = self.hash();
        Ok(self.verified)
    }

    fn step(&mut self, commit: &Commit<'_>) -> Result<(), Error> {
        let applied = self.heading.apply(commit, &mut self.pages);
        applied.map_err(|why| self.kept.does_not_fit(commit, why))
    }

    /// Compares the state with the hash that the log tells of it, if it does.
    fn compare_hash(&mut self) {
        let epoch = self.heading.epoch;
        let Some(&logged) = self.hashes.get(&epoch) else { return };
        if self.verified.difference.is_some() {
            return;
        }
        self.verified.hash_count += 1;
        let replayed = self.hash();
        if logged == replayed {
            self.verified.equal = epoch;
        } else {
            let by = Mismatch::Hash { logged, replayed };
            self.verified.difference = Some(ReplayDifference { epoch, by, page: None });
        }
    }

    fn hash(&mut self) -> StateHash {
        for page in std::mem::take(&mut self.pages.changed) {
            let hash = self.pages.pages.get(page).map(|state| page_element(page, &state.bytes));
            self.hasher.pages.set(page, hash);
        }
        self.hasher.finish(&self.heading.names, &self.heading.graph)
    }
}

impl Lifetimes for Tracked {
    type Refusal = Why;

    fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), Why> {
        self.changed.insert(page);
        self.pages.create(page, page_bytes, epoch)
    }

    fn delete(&mut self, page: PageId, epoch: Epoch) -> Result<(), Why> {
        self.changed.insert(page);
        self.pages.delete(page, epoch)
    }

    fn lives(&self, page: PageId) -> bool {
        self.pages.lives(page)
    }
}

impl Pages for Tracked {
    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), Why> {
        self.changed.extend(batch.iter().map(|(page, _)| page));
        self.pages.apply(batch, epoch)
    }
}

/// Tells how far the two passes have got.
struct Teller<F> {
    start: Lsn,
    bytes: u64,
    progress: F,
}

impl<F: FnMut(ReplayProgress)> Teller<F> {
    fn new(start: Cursor, end: Lsn, progress: F) -> Self {
        let bytes = end.get().saturating_sub(start.lsn.get());
        Self { start: start.lsn, bytes, progress }
    }

    fn tell(&mut self, passes_done: u64, at: Lsn) {
        let log_bytes = passes_done * self.bytes + at.get().saturating_sub(self.start.get());
        (self.progress)(ReplayProgress { log_bytes, log_total: 2 * self.bytes });
    }
}
