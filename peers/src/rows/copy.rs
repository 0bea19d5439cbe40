//! Row of checkpoints: all pages into a file of their own, synced, while others may write.
//!
//! What was made is opened, and every page compared. Of MMSB that is the bus itself, which starts from its checkpoint.

use std::{fs, path::Path};

use anyhow::{Context as _, Error, Result};
use benches::{Context, Outcome, clock::Stopwatch};

use super::contest::{Turn, contest};
use crate::work::{Disk, Mode, Work, contenders, fill, verify};

const PAGES: [usize; 3] = [100_000, 32_768, 1024];

/// Adds the row.
pub fn row(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let pages = context.size().pick(PAGES);
    let all = contenders(Work::disk).into_iter().filter(|(name, _)| can_copy(name));
    let turns = all
        .map(|(name, open)| (name, Box::new(move || turn(context, name, open, pages)) as Turn<'_>))
        .collect();
    outcome.note("checkpoint: redb, fjall and okaywal have no way to copy what is open");
    contest(context, outcome, &format!("checkpoint of {pages} pages, a page"), turns)
}

/// Tells who has a way to copy what is open; the others would have to be stopped.
fn can_copy(name: &str) -> bool {
    !matches!(name, "redb" | "fjall" | "okaywal")
}

/// Fills new pages, copies them and opens the copy; returns what copying took for each.
fn turn(context: &Context, name: &str, open: Disk, count: usize) -> Result<f64> {
    let (folder, again) = (context.scratch()?, |folder: &Path| {
        Ok::<_, Error>(open(folder, Mode::Buffered, count)?.expect("whoever copies commits in any mode"))
    });
    let mut pages = again(folder.path())?;
    let shadow = fill(&mut *pages, count, context.random())?;
    let to = folder.path().join("copies");
    fs::create_dir(&to)?;
    // What was filled is not to be waited for in the copy.
    pages.rest()?;
    let watch = Stopwatch::start();
    let copied = pages.copy(folder.path(), &to)?;
    let took = watch.elapsed().as_secs_f64();
    drop(pages);
    let copied = copied.with_context(|| format!("{name} was to copy its pages"))?;
    verify(name, &mut *again(copied)?, &shadow, 1)?;
    Ok(took / count as f64)
}
