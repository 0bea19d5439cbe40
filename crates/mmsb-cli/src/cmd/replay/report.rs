//! What a replay was compared with, and where it differs.

use std::io::Result;

use mmsb::{ReplayDifference, ReplayVerified};
use serde::Serialize;

use crate::render::{Out, count};

#[derive(Serialize)]
pub(super) struct Report {
    first: u64,
    last: u64,
    hash: String,
    hash_count: u64,
    checkpoint_count: u64,
    equal: u64,
    pub(super) difference: Option<JsonDifference>,
}

#[derive(Serialize)]
pub(super) struct JsonDifference {
    epoch: u64,
    what: String,
    page: Option<u64>,
    checkpoint: Option<u64>,
}

impl JsonDifference {
    fn of(told: &ReplayDifference) -> Self {
        let (page, checkpoint) = told.page.map(|(page, at)| (page.get(), at.get())).unzip();
        Self { epoch: told.epoch.get(), what: told.to_string(), page, checkpoint }
    }
}

impl Report {
    pub(super) fn of(verified: &ReplayVerified) -> Self {
        Self {
            first: verified.first.get(),
            last: verified.last.get(),
            hash: verified.hash.to_string(),
            hash_count: verified.hash_count,
            checkpoint_count: verified.checkpoint_count,
            equal: verified.equal.get(),
            difference: verified.difference.as_ref().map(JsonDifference::of),
        }
    }

    pub(super) fn print(&self, out: &mut Out) -> Result<()> {
        let [hashes, checkpoints] = [self.hash_count, self.checkpoint_count].map(count);
        let replayed = format!(
            "e{} to e{} replayed, {hashes} hashes and {checkpoints} checkpoints compared",
            self.first, self.last
        );
        match &self.difference {
            None if self.equal == self.first => {
                out.line(format_args!("{replayed}: nothing to compare with"))?
            }
            None => out.line(format_args!(
                "{}: {replayed}; equal up to e{}",
                out.paint.good("sound"),
                self.equal
            ))?,
            Some(told) => {
                out.line(format_args!("{}: {}", out.paint.bad("different"), told.what))?;
                return out.line(format_args!("{replayed}; equal up to e{}", self.equal));
            }
        }
        out.line(format_args!("e{} is {}", self.last, self.hash))
    }
}
