//! What an import made, as JSON.

use std::time::Duration;

use mmsb_cli::Imported;
use serde::Serialize;

use super::Args;
use crate::render::JsonPath;

#[derive(Serialize)]
pub(super) struct Json<'a> {
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

pub(super) fn json<'a>(args: &'a Args, imported: &Imported, took: Duration) -> Json<'a> {
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
