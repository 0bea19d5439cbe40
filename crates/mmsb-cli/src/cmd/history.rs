//! `mmsb history`: everything that ever happened to a page.

use std::path::PathBuf;

use mmsb::Bus;

use super::Outcome;
use crate::{
    args::PageRef,
    render::{JsonChange, Out},
};

/// Lists the changes of a page, newest first: bytes before and after, and who made them.
///
/// A name stands for every page that ever bore it, the one created last first.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus.
    bus: PathBuf,
    /// The page.
    page: PageRef,
    /// Only the newest N changes.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Prints one JSON object a change.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: epoch, label, timestamp_nanos, tag, site, page, kind (created, written, named or deleted), page_bytes \
(where created), name (where it was given one), runs (objects with offset, old and new; bytes in hexadecimal).";

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let bus = Bus::open_read_only(&args.bus)?;
    let mut left = args.limit.unwrap_or(usize::MAX);
    for page in args.page.find_ever(&bus)?.into_iter().rev() {
        for change in bus.history(page)?.take(left) {
            let change = change?;
            left -= 1;
            if args.json {
                out.json(&JsonChange::from(&change))?;
            } else {
                out.line(&change)?;
            }
        }
    }
    Ok(Outcome::Same)
}
