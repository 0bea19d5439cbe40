//! `mmsb export sqlite`: the database as it was after any commit.

use std::path::PathBuf;

use clap::Subcommand;
use mmsb::Bus;
use mmsb_cli::export;
use serde::Serialize;

use super::Outcome;
use crate::{
    args::When,
    render::{JsonPath, Out, count},
};

/// What to write.
#[derive(Debug, Subcommand)]
pub enum Target {
    Sqlite(Args),
}

/// Writes an imported SQLite database as it was after any of its transactions, byte for byte.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The bus that `mmsb import sqlite` made.
    bus: PathBuf,
    /// The database file to create; nothing may be there yet.
    file: PathBuf,
    /// Which state: an EPOCH, commit:K for the K-th transaction from 0, or newest.
    #[arg(long, value_name = "EPOCH", default_value = "newest")]
    at: When,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "JSON keys: file, epoch, label, page_count, page_bytes.";

#[derive(Serialize)]
struct Json<'a> {
    file: JsonPath<'a>,
    epoch: u64,
    label: Option<u64>,
    page_count: u32,
    page_bytes: u32,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let past = args.at.past(&Bus::open_read_only(&args.bus)?)?;
    let exported = export(&past, &args.file)?;
    let (epoch, label) = (past.epoch(), past.label());
    let (page_count, page_bytes) = (exported.page_count, exported.page_bytes);
    if args.json {
        let (epoch, label) = (epoch.get(), label.map(|label| label.get()));
        out.json(&Json { file: JsonPath(&args.file), epoch, label, page_count, page_bytes })?;
    } else {
        let label = label.map_or(String::new(), |label| format!(" {label}"));
        let pages = format!("{} pages of {} bytes", count(page_count.into()), count(page_bytes.into()));
        out.line(format_args!("{}: {pages}, as of {epoch}{label}", args.file.display()))?;
    }
    Ok(Outcome::Same)
}
