//! Damage larger than a bit: sectors, frames in the wrong place, logs within logs, logs of another bus.

mod ends;
mod sectors;
mod strangers;
mod swaps;

use mmsb_tlog::{LogDir, LogError, Scan, Verification};

use crate::common::{Content, single};

/// The one door: what verification names, and how a scan ends.
fn judged(dir: &LogDir) -> String {
    let named = Verification::run(dir).unwrap().bad;
    let lines = named.iter().map(|bad| {
        let covered = if bad.covered { ", was durable" } else { "" };
        format!("bad {} at {}: {}{covered}\n", bad.number, bad.offset, bad.fault)
    });
    let end = match Scan::run(dir) {
        Ok(scan) => format!("ends behind {} at {}", scan.end.number, scan.end.lsn.get()),
        Err(LogError::Corrupt { number, offset, .. }) => format!("refused for {number} at {offset}"),
        Err(other) => format!("failed: {other}"),
    };
    lines.collect::<String>() + &end
}

fn frames_of(count: usize) -> Vec<Content> {
    (0..count).map(|index| single(&format!("frame {index}"))).collect()
}
