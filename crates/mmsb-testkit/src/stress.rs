//! Threads against each other on one bus: everything they do and are told is written down, and judged.
//!
//! The work goes in windows: threads start, each does so many things, all end; then the judge looks at
//! the window, and at the bus. Memory stays bounded however long the stress lasts.
//!
//! Invariant: every change that reaches the bus is in a lane. Bytes written are unlike any written before,
//! so that a read cannot be right by chance.

mod deeds;
mod looks;
mod thread;

use std::{
    sync::{Mutex, PoisonError},
    thread::scope,
    time::{Duration, Instant},
};

use mmsb::{Bus, Durability, Epoch, PageId, Snapshot};

use self::thread::Worker;
use crate::{
    Rng,
    linear::{Action, Change, Clock, Contradiction, Judge, Record},
};

/// Pages that live as long as the bus: more than a commit locks without the bulk ticket.
const STABLE_COUNT: usize = 40;
const PAGE_BYTES: [usize; 6] = [8, 40, 64, 200, 1000, 5000];
/// Snapshots that are kept for later, beyond the window.
const KEPT_MAX: usize = 4;
/// What a thread does in a window.
const DEEDS: usize = 250;

/// What a thread may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Writes here and there.
    Write,
    /// Writes one page, all of it.
    Fill,
    /// Commits several transactions together.
    Many,
    /// Writes to every page that stays: more than a commit locks without the bulk ticket.
    WriteAll,
    /// Reads some pages, then writes another: serializable, or refused.
    Transfer,
    /// Replaces a page by an image.
    Capture,
    /// Creates a page.
    Create,
    /// Deletes a page.
    Delete,
    /// Reads a page.
    Read,
    /// Reads several pages as of one epoch.
    ReadMany,
    /// Takes a snapshot, looks at some pages, and keeps it, perhaps.
    Snapshot,
    /// Looks at a snapshot that was kept, and drops it, perhaps.
    LookBack,
    /// Makes a branch, changes it, and looks at both.
    Branch,
    /// Goes back a little.
    Rewind,
}

/// Everything, each as often as it stands here.
pub const ALL_DEEDS: &[Deed] = {
    use Deed::{
        Branch, Capture, Create, Delete, Fill, LookBack, Many, Read, ReadMany, Rewind, Snapshot, Transfer,
        Write, WriteAll,
    };
    &[
        Write, Write, Write, Write, Fill, Fill, Many, WriteAll, Transfer, Transfer, Transfer, Capture,
        Create, Delete, Read, Read, Read, Read, Read, ReadMany, Snapshot, Snapshot, LookBack, Branch, Rewind,
    ]
};

/// A stress that goes on for as long as it is asked to.
#[derive(Debug)]
pub struct Stress<'b> {
    bus: &'b Bus,
    seed: u64,
    clock: Clock,
    judge: Judge,
    pages: Pages,
    deeds: &'b [Deed],
    tally: Tally,
}

/// The pages that there are, and the snapshots that are kept.
#[derive(Debug, Default)]
struct Pages {
    stable: Vec<(PageId, usize)>,
    /// Come and go; whoever picks one may find it gone.
    passing: Mutex<Vec<(PageId, usize)>>,
    kept: Mutex<Vec<Snapshot>>,
}

/// What a stress came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Windows that were judged.
    pub windows: u64,
    /// Operations in them.
    pub operations: u64,
    /// Commits among these.
    pub commits: u64,
}

impl<'b> Stress<'b> {
    /// Gets ready on an empty bus, to do nothing but `deeds`, each as often as it stands there; the same seed
    /// does the same, as far as threads ever do.
    ///
    /// # Panics
    /// If the bus is not empty, or refuses to make pages.
    #[must_use]
    pub fn new(bus: &'b Bus, deeds: &'b [Deed], seed: u64) -> Self {
        assert_eq!(bus.epoch(), Epoch::ZERO, "a stress starts with an empty bus");
        let (clock, mut judge, mut pages) = (Clock::default(), Judge::new(), Pages::default());
        let mut lane = clock.lane(0);
        for index in 0..STABLE_COUNT {
            let page_bytes = PAGE_BYTES[index % PAGE_BYTES.len()];
            let began = lane.begin();
            let mut tx = bus.begin().durability(Durability::Volatile);
            let page = tx.create_page(None, page_bytes).expect("a page");
            let epoch = tx.commit().expect("a commit").epoch;
            let changes = vec![Change::Created { page, page_bytes }];
            lane.end(began, Action::Commit { epoch, reads: Vec::new(), changes });
            pages.stable.push((page, page_bytes));
        }
        let judged = judge.window(&lane.into_records(), Epoch::ZERO);
        judged.unwrap_or_else(|error| panic!("{error}"));
        Self { bus, seed, clock, judge, pages, deeds, tally: Tally::default() }
    }

    /// Lets `thread_count` threads loose, window after window, for at least `time`; judges each window.
    ///
    /// # Errors
    /// The first contradiction.
    ///
    /// # Panics
    /// If the bus answers what none of this may lead to.
    pub fn run(&mut self, thread_count: u32, time: Duration) -> Result<Tally, Contradiction> {
        let start = Instant::now();
        while self.tally.windows == 0 || start.elapsed() < time {
            self.window(thread_count)?;
        }
        self.memory_is_the_replay()?;
        Ok(self.tally)
    }

    fn window(&mut self, thread_count: u32) -> Result<(), Contradiction> {
        let oldest = self.judge.newest();
        let records: Vec<Record> = scope(|scope| {
            let threads = (1..=thread_count).map(|thread| {
                let rng = Rng::new(self.seed ^ u64::from(thread) << 32 ^ self.tally.windows << 40);
                let (bus, pages, lane) = (self.bus, &self.pages, self.clock.lane(thread));
                let worker = Worker { bus, pages, lane, rng, oldest };
                let deeds = self.deeds;
                scope.spawn(move || worker.run(deeds, DEEDS))
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("a thread of the stress")).collect()
        });
        self.tally.windows += 1;
        self.tally.operations += records.len() as u64;
        self.tally.commits += records.iter().filter(|record| record.action.made().is_some()).count() as u64;
        self.judge.window(&records, self.pages.oldest_kept().min(oldest))?;
        self.judge.agrees("the bus", self.bus)?;
        self.pages.refresh(self.bus);
        Ok(())
    }

    /// Rule 4, and more: live pages, the replay of the log and the model are the same, and all is sound.
    fn memory_is_the_replay(&self) -> Result<(), Contradiction> {
        let past = self.bus.at(self.judge.newest()).expect("the newest state, from the log");
        self.judge.agrees("the log", &past)?;
        match self.bus.check().first() {
            Some(violation) => Err(Contradiction(format!("{violation:?}"))),
            None => Ok(()),
        }
    }
}

impl Pages {
    fn pick(&self, rng: &mut Rng) -> (PageId, usize) {
        let passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        match rng.below(8) {
            0 if !passing.is_empty() => passing[rng.below(passing.len())],
            _ => rng.pick(&self.stable),
        }
    }

    /// Looks which pages came back, or went, by a rewind.
    fn refresh(&mut self, bus: &Bus) {
        let mut passing = Vec::new();
        for page in bus.pages().filter(|page| self.stable.iter().all(|(stable, _)| stable != page)) {
            passing.push((page, bus.page_bytes(page).expect("a page that lives") as usize));
        }
        self.passing = Mutex::new(passing);
    }

    fn oldest_kept(&self) -> Epoch {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(Snapshot::epoch).min().unwrap_or(Epoch::new(u64::MAX))
    }

    /// Keeps a snapshot; another goes, if there are many.
    fn keep(&self, snapshot: Snapshot, rng: &mut Rng) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            let at = rng.below(kept.len());
            kept.swap_remove(at);
        }
        kept.push(snapshot);
    }

    /// Returns a snapshot that was kept, and no longer is, perhaps.
    fn kept(&self, rng: &mut Rng) -> Option<Snapshot> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = rng.below(kept.len().max(1));
        if rng.once_in(16) && !kept.is_empty() { Some(kept.swap_remove(at)) } else { kept.get(at).cloned() }
    }

    fn push(&self, page: PageId, page_bytes: usize) {
        self.passing.lock().unwrap_or_else(PoisonError::into_inner).push((page, page_bytes));
    }

    /// Takes one out, to be deleted, if there are enough.
    fn take(&self, rng: &mut Rng) -> Option<PageId> {
        let mut passing = self.passing.lock().unwrap_or_else(PoisonError::into_inner);
        let at = rng.below(passing.len().max(1));
        (passing.len() > 8).then(|| passing.swap_remove(at).0)
    }
}
