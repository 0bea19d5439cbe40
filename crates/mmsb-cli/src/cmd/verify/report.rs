//! What a check of every byte found, as it is told.

use std::path::PathBuf;

use mmsb::{BadCheckpoint, BadRecord, Tail, Verified};
use serde::Serialize;

use crate::render::JsonPath;

#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub(super) file: JsonPath<'a>,
    pub(super) state: State,
    pub(super) segment_count: u64,
    pub(super) checkpoint_count: u64,
    pub(super) frame_count: u64,
    pub(super) mark_count: u64,
    pub(super) synced_through: u64,
    pub(super) bad: Vec<JsonBad<'a>>,
    pub(super) violations: Vec<String>,
    pub(super) indexes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Closed,
    Open,
    Torn,
    Damaged,
}

#[derive(Serialize)]
pub(super) struct JsonBad<'a> {
    pub(super) file: JsonPath<'a>,
    pub(super) offset: u64,
    pub(super) number: u64,
    pub(super) what: String,
    pub(super) durable: bool,
}

impl State {
    fn of(verified: &Verified) -> Self {
        match &verified.log.scan.tail {
            _ if verified.is_damaged() => Self::Damaged,
            Tail::Torn(_) => Self::Torn,
            Tail::Clean { closed: true } => Self::Closed,
            Tail::Clean { closed: false } => Self::Open,
        }
    }
}

impl<'a> Report<'a> {
    pub(super) fn of(verified: &'a Verified) -> Self {
        let Verified { file, bad_files, log, bad_checkpoints, .. } = verified;
        let bad = |(record, file): (&BadRecord, &'a PathBuf)| JsonBad {
            file: JsonPath(file),
            offset: record.offset,
            number: record.number,
            what: record.fault.to_string(),
            durable: record.covered,
        };
        let bad_piece = |piece: &'a BadCheckpoint| JsonBad {
            file: JsonPath(&piece.file),
            offset: piece.offset,
            number: piece.epoch.get(),
            what: piece.what.clone(),
            durable: true,
        };
        let records = log.bad.iter().zip(bad_files).map(bad);
        Self {
            file: JsonPath(file),
            state: State::of(verified),
            segment_count: verified.segment_count,
            checkpoint_count: verified.checkpoint_count,
            frame_count: log.scan.frame_count,
            mark_count: log.scan.mark_count,
            synced_through: log.scan.synced_through,
            bad: records.chain(bad_checkpoints.iter().map(bad_piece)).collect(),
            violations: Vec::new(),
            indexes: Vec::new(),
        }
    }
}
