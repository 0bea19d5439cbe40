//! The disk that the rows are measured on: which file system, and whether there is room.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use rustix::fs::statvfs;

use crate::Context;

/// File systems that keep nothing: what they do at a sync says nothing about a disk.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// Fails unless the run's folder is on a disk with so many bytes free.
pub fn need(context: &Context, bytes: u64) -> Result<()> {
    let (kind, free) = look(context)?;
    let folder = context.folder().display();
    let kinds = "measuring durability takes a disk; --dir names another folder";
    ensure!(!IN_MEMORY.contains(&kind.as_str()), "{folder} is on {kind}: {kinds}");
    let [need, have] = [bytes, free].map(|bytes| bytes as f64 / 1e9);
    ensure!(free >= bytes, "{need:.1} GB of disk are needed in {folder}, and {have:.1} GB are free");
    Ok(())
}

/// Says which file system the run's folder is on, and how much of it is free.
pub fn describe(context: &Context) -> Result<String> {
    let (kind, free) = look(context)?;
    Ok(format!("files on {kind}, {:.1} GB free", free as f64 / 1e9))
}

fn look(context: &Context) -> Result<(String, u64)> {
    let folder = context.folder();
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let told = statvfs(folder).with_context(|| format!("asking for the room in {}", folder.display()))?;
    Ok((kind(folder)?, told.f_bavail * told.f_frsize))
}

/// Returns the name of the file system that the folder is on.
fn kind(folder: &Path) -> Result<String> {
    let folder = folder.canonicalize()?;
    let text = fs::read_to_string("/proc/self/mountinfo").context("reading /proc/self/mountinfo")?;
    // The fifth field is where it is mounted; its kind stands behind a dash.
    let mounts = text.lines().filter_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        Some((Path::new(place.split(' ').nth(4)?), kind.split(' ').next()?))
    });
    let under = mounts.filter(|(place, _)| folder.starts_with(place));
    // Of two at the same place, the later one hides the other.
    let found = under.max_by_key(|(place, _)| place.components().count());
    found.map(|(_, kind)| kind.to_owned()).context("no file system is mounted there")
}
