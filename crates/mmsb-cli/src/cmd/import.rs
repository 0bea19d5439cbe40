//! `mmsb import sqlite`: a recorded database becomes a bus.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Subcommand;
use mmsb_cli::{
    Imported, import,
    sqlite::{Database, Transaction, WalReader},
};
use serde::Serialize;

use super::Outcome;
use crate::{
    progress::Progress,
    render::{JsonPath, Out, count, facts, percent},
};

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

#[derive(Serialize)]
struct Json<'a> {
    bus: JsonPath<'a>,
    epoch: u64,
    commit_count: u64,
    image_count: u64,
    page_count: u32,
    page_bytes: u32,
    wal_bytes: u64,
    log_bytes: u64,
    log_ratio: f64,
    stale_frame_count: u64,
    uncommitted_frame_count: u64,
    torn_byte_count: u64,
    seconds: f64,
}

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

fn report(args: &Args, imported: &Imported, took: Duration) -> String {
    let Imported { summary, .. } = imported;
    let speed = imported.wal_bytes as f64 / took.as_secs_f64() / 1e6;
    let log = format!(
        "{} bytes, {} of the write-ahead log's {}",
        count(imported.log_bytes),
        percent(imported.log_ratio()),
        count(imported.wal_bytes)
    );
    facts([
        ("bus", args.out.display().to_string()),
        ("commits", format!("{}, newest {}", count(summary.transaction_count), imported.epoch)),
        ("page images", count(summary.image_count)),
        (
            "pages",
            format!("{} of {} bytes", count(imported.page_count.into()), count(imported.page_bytes.into())),
        ),
        ("log", log),
        ("left out", left_out(imported)),
        ("took", format!("{:.3} s, {speed:.0} MB/s", took.as_secs_f64())),
    ])
}

fn left_out(imported: &Imported) -> String {
    let Imported { summary, .. } = imported;
    let parts = [
        (summary.stale_frame_count, "frames of an older log"),
        (summary.uncommitted_frame_count, "frames of transactions that never ended"),
        (summary.torn_byte_count, "bytes of a torn frame"),
    ];
    let told = parts.iter().filter(|(number, _)| *number > 0);
    let told: Vec<String> = told.map(|(number, what)| format!("{} {what}", count(*number))).collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}

fn json<'a>(args: &'a Args, imported: &Imported, took: Duration) -> Json<'a> {
    let Imported { summary, .. } = imported;
    Json {
        bus: JsonPath(&args.out),
        epoch: imported.epoch.get(),
        commit_count: summary.transaction_count,
        image_count: summary.image_count,
        page_count: imported.page_count,
        page_bytes: imported.page_bytes,
        wal_bytes: imported.wal_bytes,
        log_bytes: imported.log_bytes,
        log_ratio: imported.log_ratio(),
        stale_frame_count: summary.stale_frame_count,
        uncommitted_frame_count: summary.uncommitted_frame_count,
        torn_byte_count: summary.torn_byte_count,
        seconds: took.as_secs_f64(),
    }
}
