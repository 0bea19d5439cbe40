//! What an import made, for people.

use std::time::Duration;

use mmsb_cli::Imported;

use super::Args;
use crate::render::{count, facts, percent};

pub(super) fn report(args: &Args, imported: &Imported, took: Duration) -> String {
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
