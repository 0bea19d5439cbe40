//! Rows of sparse updates: 32 random bytes at random places of random pages of 1 KiB; in memory, buffered, synced.

use std::path::Path;

use anyhow::Result;
use benches::{Context, Outcome, clock::Stopwatch, pages::Change, shadow::Shadow};

use super::contest::{Turn, contest};
use crate::work::{Mode, Pages, Work, contenders, fill, verify};

/// Changes of a commit that does not wait, and of one that does.
const COUNT: usize = 256;
const SYNCED_COUNT: usize = 1000;
/// Pages and changes of a repeat: in memory, and on disk.
const MEMORY: [(usize, usize); 3] = [(1_000_000, 1 << 20), (65_536, 1 << 18), (1024, 1 << 12)];
const DISK: [(usize, usize); 3] = [(100_000, 1 << 15), (16_384, 1 << 13), (1024, 1 << 10)];
/// Synced changes of a repeat.
const SYNCED: [usize; 3] = [20_000, 5000, 2000];
/// Every so many pages are compared in the end.
const VERIFY_STEP: usize = 7;

/// Somebody at work.
struct Worker<'c> {
    name: &'static str,
    pages: Box<dyn Pages>,
    changes: &'c [Vec<Change>],
    turn: usize,
    count: usize,
}

/// Adds the row of pages that are gone with the process.
pub fn in_memory(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let (pages, changes) = context.size().pick(MEMORY);
    let all = contenders(|work| if let Work::Memory(open) = work { Some(*open) } else { None });
    let open = all.into_iter().map(|(name, open)| Ok((name, open(pages)?))).collect::<Result<Vec<_>>>()?;
    let name = format!("sparse updates of {pages} pages, in memory");
    run(context, outcome, &name, open, (pages, changes, COUNT))
}

/// Adds the row of commits that a crash of the process does not lose.
pub fn buffered(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let ((pages, changes), folder) = (context.size().pick(DISK), context.scratch()?);
    let name = format!("sparse updates of {pages} pages, buffered, n = {COUNT}");
    outcome.note("buffered: okaywal has no commit that it leaves unsynced");
    run(context, outcome, &name, opened(folder.path(), Mode::Buffered, pages)?, (pages, changes, COUNT))
}

/// Adds the row of commits that wait for the disk.
pub fn synced(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let ((pages, _), changes, folder) =
        (context.size().pick(DISK), context.size().pick(SYNCED), context.scratch()?);
    let name = format!("sparse updates of {pages} pages, synced per {SYNCED_COUNT}");
    run(context, outcome, &name, opened(folder.path(), Mode::Synced, pages)?, (pages, changes, SYNCED_COUNT))
}

/// Opens whoever keeps pages on disk in this way.
pub fn opened(folder: &Path, mode: Mode, pages: usize) -> Result<Vec<(&'static str, Box<dyn Pages>)>> {
    let all = contenders(Work::disk);
    let open = all.into_iter().map(|(name, open)| Ok(open(folder, mode, pages)?.map(|pages| (name, pages))));
    open.filter_map(Result::transpose).collect()
}

fn run(
    context: &Context,
    outcome: &mut Outcome,
    name: &str,
    open: Vec<(&'static str, Box<dyn Pages>)>,
    (pages, changes, count): (usize, usize, usize),
) -> Result<()> {
    let mut random = context.random();
    let repeats: Vec<_> =
        (0..=context.repeats()).map(|_| Change::many(&mut random, changes, pages)).collect();
    let (mut working, mut shadow) = (Vec::new(), Shadow::new(0));
    for (who, mut open) in open {
        context.say(format!("peers: {name}, filling {who}"));
        shadow = fill(&mut *open, pages, context.random())?;
        open.sync()?;
        working.push(Worker { name: who, pages: open, changes: &repeats, turn: 0, count });
    }
    let turns = working.iter_mut().map(|one| (one.name, Box::new(move || one.turn()) as Turn<'_>)).collect();
    contest(context, outcome, name, turns)?;
    repeats.iter().for_each(|changes| shadow.copy(changes));
    working.iter_mut().try_for_each(|one| verify(one.name, &mut *one.pages, &shadow, VERIFY_STEP))
}

impl Worker<'_> {
    /// Makes a repeat's changes; returns what one took.
    fn turn(&mut self) -> Result<f64> {
        let changes = &self.changes[self.turn];
        self.turn += 1;
        let watch = Stopwatch::start();
        changes.chunks(self.count).try_for_each(|chunk| self.pages.commit(chunk))?;
        self.pages.settle()?;
        Ok(watch.elapsed().as_secs_f64() / changes.len() as f64)
    }
}
