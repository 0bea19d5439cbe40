//! One mark for a flush, one for closing.

use std::path::Path;

use mmsb_tlog::{Scan, vfs::MemoryVfs};
use mmsb_types::Durability;

use super::contents;
use crate::common::{HEAD_BYTES, INSTANCE, Layout, commit, create, open, segment_bytes, single};

#[test]
fn one_flushed_commit_leaves_exactly_a_frame_and_a_mark() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    let mut expect = Layout::new(INSTANCE);
    let turns = [Durability::Written, Durability::Synced].into_iter().cycle();
    for (content, durability) in contents().iter().zip(turns) {
        // A mark tells what was durable before it: of each pair, the second one is synced.
        let durable = (expect_number(&expect) / 2) * 2;
        let number = commit(&log, content);
        log.wait(number, durability).unwrap();
        expect.frame(content).mark(durable, false);
    }
    log.close().unwrap();
    expect.mark(7, true);
    assert!(segment_bytes(&dir) == expect.bytes);
}

fn expect_number(layout: &Layout) -> u64 {
    crate::common::places(&layout.bytes).last().map_or(0, |place| place.number)
}

#[test]
fn closing_twice_writes_one_mark_and_an_unused_log_closes_once() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    log.close().unwrap();
    log.close().unwrap();
    drop(log);
    open(&dir).close().unwrap();
    assert_eq!(segment_bytes(&dir).len(), HEAD_BYTES + 64);
    let log = open(&dir);
    log.wait(commit(&log, &single("later")), Durability::Synced).unwrap();
    log.close().unwrap();
    assert_eq!(Scan::run(&dir).unwrap().mark_count, 3);
}
