//! `mmsb import sqlite`: a recorded database becomes a bus.

mod json;
mod report;

use std::{path::PathBuf, time::Instant};

use clap::Subcommand;
use mmsb_cli::{
    Imported, import,
    sqlite::{Database, Transaction, WalReader},
};

use self::{json::json, report::report};
use super::Outcome;
use crate::{progress::Progress, render::Out};

/// Where the recording comes from.
#[derive(Debug, Subcommand)]
pub enum Source {
    Sqlite(Args),
}

/// Makes a bus of an SQLite database and its write-ahead log.
///
/// Every page of the database becomes a page of the bus, named by its number; the database file becomes
/// the first commit, every transaction of the log one more, labelled with its number from 0. Checksums and
/// salts are checked as SQLite checks them. Frames of an older log and of transactions that never ended are
/// left out, and told. Either file may be packed with xz. If the import fails, nothing is left behind.
#[derive(Debug, clap::Args)]
#[command(after_long_help = JSON)]
pub struct Args {
    /// The database file as it was when the log began.
    db: PathBuf,
    /// Its write-ahead log.
    wal: PathBuf,
    /// The bus to create; nothing may be there yet.
    out: PathBuf,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

const JSON: &str = "\
JSON keys: bus, epoch, commit_count, image_count, page_count, page_bytes, wal_bytes, log_bytes, log_ratio, \
stale_frame_count, uncommitted_frame_count, torn_byte_count, seconds.";

/// Imports, and shows how far it is.
fn import_watched(args: &Args) -> anyhow::Result<Imported> {
    let base = Database::open(&args.db)?;
    let wal = WalReader::open(&args.wal, &base)?;
    let frame_bytes = wal.header().frame_bytes() as u64;
    let progress = Progress::bytes("importing", wal.input().bytes_hint());
    let watch =
        |transaction: &Transaction<'_>| progress.advance(transaction.image_count() as u64 * frame_bytes);
    Ok(import(&base, wal, &args.out, watch)?)
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let start = Instant::now();
    let imported = import_watched(args)?;
    if args.json {
        out.json(&json(args, &imported, start.elapsed()))?;
    } else {
        out.line(report(args, &imported, start.elapsed()))?;
    }
    Ok(Outcome::Same)
}
