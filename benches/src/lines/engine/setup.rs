//! The buses that the rows are measured on, and where their threads run.

use anyhow::{Context as _, Result};
use mmsb::{Bus, Durability};
use tempfile::TempDir;

use crate::{
    Context,
    clock::FLUSHER,
    pin::{pin_named, processors},
    world::World,
};

/// Pages of the large bus: more than any cache holds.
pub const LARGE: usize = 1_000_000;
/// Pages of the large bus in a quick run.
const LARGE_QUICK: usize = 65_536;
/// Pages of the small bus.
pub const SMALL: usize = 10_000;

/// Returns how many pages the large bus has in this run.
pub fn large(context: &Context) -> usize {
    context.among([LARGE, LARGE_QUICK, LARGE_QUICK / 4])
}

/// Returns the number of pages as it stands in a figure's name.
pub fn title(pages: usize) -> String {
    match pages {
        LARGE => "1M pages".to_owned(),
        SMALL => "10k pages".to_owned(),
        _ => format!("{pages} pages"),
    }
}

/// Fills a bus that keeps nothing.
pub fn volatile(context: &Context, pages: usize) -> Result<World> {
    context.say(format!("engine: filling {pages} pages"));
    World::new(Bus::builder().volatile()?, pages, context.random())
}

/// Fills a bus that keeps nothing, nor what its commits replace.
pub fn without_undo(context: &Context, pages: usize) -> Result<World> {
    context.say(format!("engine: filling {pages} pages, no undo"));
    World::new(Bus::builder().undo(0, 0).volatile()?, pages, context.random())
}

/// Fills a bus in a file, whose commits do not wait for the file; the folder goes when dropped.
pub fn to_file(context: &Context, pages: usize) -> Result<(World, TempDir)> {
    context.say(format!("engine: filling {pages} pages in a file"));
    let folder = context.scratch()?;
    let bus = Bus::builder().durability(Durability::Volatile).create(folder.path().join("bus"))?;
    Ok((World::new(bus, pages, context.random())?, folder))
}

/// Returns the processor to measure on, and sends the flushers to the others; where there is only one, they
/// share it.
pub fn own_processor() -> Result<usize> {
    let all = processors()?;
    let (&own, others) = all.split_first().context("this process may use no processor")?;
    pin_named(FLUSHER, if others.is_empty() { &all } else { others })?;
    Ok(own)
}
