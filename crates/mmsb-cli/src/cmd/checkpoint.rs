//! `mmsb checkpoint`: writes the state as of now to a file of its own.

use std::path::PathBuf;

use mmsb::Checkpointed;
use serde::Serialize;

use super::{Outcome, open_to_change};
use crate::{
    progress::Progress,
    render::{Out, count},
};

/// Makes a checkpoint of a bus's newest state, from which it opens next time.
///
/// The bus must not be open for writing elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: epoch, full (whether it holds every page), page_count and page_bytes (of those it holds; 0 if there was \
a checkpoint of this state), file_bytes, seconds.";

#[derive(Serialize)]
struct Made {
    epoch: u64,
    full: bool,
    page_count: u64,
    page_bytes: u64,
    file_bytes: u64,
    seconds: f64,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = open_to_change(&args.bus)?;
    let progress = Progress::bytes("writing", Some(bus.stats().pages.bytes));
    let made = bus.checkpoint_with(|now| progress.set(now.page_bytes, bus.stats().pages.bytes))?;
    drop(progress);
    bus.stop()?;
    out.answer(args.json, &Made::of(&made), report)?;
    Ok(Outcome::Same)
}

impl Made {
    fn of(made: &Checkpointed) -> Self {
        let Checkpointed { page_count, page_bytes, file_bytes, .. } = *made;
        let (epoch, seconds) = (made.epoch.get(), made.elapsed.as_secs_f64());
        Self { epoch, full: made.is_full, page_count, page_bytes, file_bytes, seconds }
    }
}

fn report(made: &Made) -> String {
    let Made { epoch, page_count, file_bytes, seconds, .. } = made;
    let kind = if made.full { "full" } else { "what changed since the one before" };
    if *page_count == 0 {
        return format!("e{epoch} has a checkpoint of {} bytes", count(*file_bytes));
    }
    let [pages, bytes] = [*page_count, *file_bytes].map(count);
    format!("e{epoch}: {pages} pages ({kind}) in {bytes} bytes, {seconds:.3} s")
}
