//! Writing goes on in the next segment while the one before is synced: what is in it counts once it has its name.

use std::{path::Path, thread};

use mmsb_tlog::{LogError, LogOptions};
use mmsb_types::Durability;

use super::segments;
use crate::{
    common::{commit, commits, create, page, try_open},
    faulty::Faulty,
};

const FRAME_BYTES: usize = 32 << 10;
/// Room for 31 frames of that page.
const SEGMENT_BYTES: u64 = 1 << 20;

fn options() -> LogOptions {
    LogOptions { segment_bytes: SEGMENT_BYTES, background: false, ring_bytes: 0, ..LogOptions::default() }
}

#[test]
fn commits_go_on_while_the_old_segment_is_synced_and_count_when_the_new_one_has_its_name() {
    let disk = Faulty::default();
    let dir = create(disk.clone(), Path::new("/bus"));
    let log = try_open(&dir, options()).unwrap();
    let content = page(&[7; FRAME_BYTES]);
    // Many times the ring: they are written by those who wait for room.
    (1..=56).for_each(|number| assert_eq!(commit(&log, &content), number));
    assert_eq!(log.reached(32), Durability::Volatile, "it is in a segment that may get lost");
    disk.hold_syncs();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| log.wait(40, Durability::Written));
        disk.wait_for_sync();
        (57..=60).for_each(|number| assert_eq!(commit(&log, &content), number));
        assert_eq!((log.written_end().number, dir.manifest().segments.len()), (31, 1));
        assert_eq!((log.reached(31), log.reached(32)), (Durability::Written, Durability::Volatile));
        assert_eq!(commits(&dir).len(), 31, "readers see what counts");
        disk.release_syncs();
        waiter.join().unwrap().unwrap();
    });
    assert!(log.reached(40) >= Durability::Written);
    log.wait(60, Durability::Written).unwrap();
    assert_eq!(log.written_end().number, 60);
    log.close().unwrap();
    assert_eq!(commits(&dir).len(), 60);
    assert!(segments(&dir).starts_with("1-31:"));
}

#[test]
fn a_segment_that_gets_no_name_ends_the_log_for_all_who_wait() {
    let disk = Faulty::default();
    let dir = create(disk.clone(), Path::new("/bus"));
    let log = try_open(&dir, options()).unwrap();
    let content = page(&[7; FRAME_BYTES]);
    (1..=50).for_each(|number| assert_eq!(commit(&log, &content), number));
    // That of the old segment; not that of the new one.
    disk.plan().syncs_left = Some(1);
    assert!(matches!(log.wait(50, Durability::Written), Err(LogError::Io { operation: "syncing", .. })));
    assert!(matches!(log.wait(50, Durability::Synced), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.cut(|| 50), Err(LogError::Poisoned { .. })));
    assert_eq!((log.reached(31), log.reached(32)), (Durability::Synced, Durability::Volatile));
    drop(log);
    disk.plan().syncs_left = None;
    let log = try_open(&dir.reopen().unwrap(), options()).unwrap();
    assert_eq!(commit(&log, &content), 32);
    log.close().unwrap();
    assert!(segments(&dir.reopen().unwrap()).starts_with("1-31:"));
}
