//! Row of recovery: opening what a crash left, until every page was read.
//!
//! The files are copied while they are open, when the disk has every commit: what a killed process leaves. The disk has
//! the copy, too, before the clock starts, and memory is warm.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use benches::{
    Context, Outcome,
    clock::Stopwatch,
    pages::{CHANGED_PAGE_BYTES, Change},
    shadow::Shadow,
};

use super::contest::{Turn, contest};
use crate::{
    warm,
    work::{Disk, Mode, Work, contenders, fill, verify},
};

/// Pages, and changes behind the filling.
const SIZE: [(usize, usize); 3] = [(50_000, 200_000), (16_384, 50_000), (1024, 2000)];
const COUNT: usize = 1000;

/// What somebody left.
struct Left {
    name: &'static str,
    open: Disk,
    from: PathBuf,
    to: PathBuf,
    shadow: Shadow,
}

/// Adds the row.
pub fn row(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let ((pages, count), folder) = (context.size().pick(SIZE), context.scratch()?);
    let changes = Change::many(&mut context.random(), count, pages);
    let mut all = Vec::new();
    for (at, (name, open)) in contenders(Work::disk).into_iter().enumerate() {
        context.say(format!("peers: recovery, {name} writes"));
        let [live, from, to] =
            ["live", "left", "opened"].map(|part| folder.path().join(format!("{part}-{at}")));
        fs::create_dir(&live)?;
        let Some(mut writer) = open(&live, Mode::Synced, pages)? else { continue };
        let mut shadow = fill(&mut *writer, pages, context.random())?;
        writer.sync()?;
        changes.chunks(COUNT).try_for_each(|chunk| writer.commit(chunk))?;
        shadow.copy(&changes);
        what_is_left(&live, &from)?;
        drop(writer);
        fs::remove_dir_all(&live)?;
        all.push(Left { name, open, from, to, shadow });
    }
    let turns = all.iter().map(|left| (left.name, Box::new(move || left.turn(count)) as Turn<'_>)).collect();
    contest(context, outcome, &format!("recovery of {count} changes of {pages} pages, a change"), turns)
}

impl Left {
    /// Opens a copy and reads all pages; returns what that took for each change.
    fn turn(&self, count: usize) -> Result<f64> {
        duplicate(&self.from, &self.to).with_context(|| format!("copying what {} left", self.name))?;
        let (pages, mut bytes) = (self.shadow.pages(), [0; CHANGED_PAGE_BYTES]);
        warm::memory(2 * pages * CHANGED_PAGE_BYTES)?;
        let watch = Stopwatch::start();
        let mut open = (self.open)(&self.to, Mode::Synced, pages)?.expect("it wrote in this mode");
        open.read_all(pages as u64, &mut bytes)?;
        let took = watch.elapsed().as_secs_f64();
        verify(self.name, &mut *open, &self.shadow, 1)?;
        drop(open);
        fs::remove_dir_all(&self.to)?;
        Ok(took / count as f64)
    }
}

/// How often a folder is copied anew whose files its writer's threads gave up meanwhile.
const TRIES: usize = 100;

/// Copies what a crash would leave of files that are open: none of them was given up meanwhile.
fn what_is_left(live: &Path, to: &Path) -> Result<()> {
    for _ in 1..TRIES {
        match duplicate(live, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::remove_dir_all(to)?,
            done => return Ok(done?),
        }
    }
    duplicate(live, to).with_context(|| format!("copying {}, which does not come to rest", live.display()))
}

/// Copies a folder and all that is in it to the disk, as its writers had synced it: whoever syncs what he opens is not
/// to wait for the copying.
fn duplicate(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if entry.is_dir() {
            duplicate(&entry, &to)?
        } else {
            fs::copy(&entry, &to).map(drop)?
        }
        File::open(&to)?.sync_all()?;
    }
    Ok(())
}
