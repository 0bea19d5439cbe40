//! The log next to its overflows, and what only its inside can tell.

use std::{path::Path, sync::Arc, thread};

use mmsb_delta::{DeltaBatch, Patch};
use mmsb_types::{Durability, PageId};

use super::{Log, LogOptions, PackedStart};
use crate::{
    Cursor, FrameBuf, InstanceId, LogDir, LogError, Reader, Scan, SectionBuf,
    vfs::{MemoryVfs, Vfs},
};

fn work(log: &Log, page: u64) {
    let sections = SectionBuf::default();
    for turn in 0..600u32 {
        let mut batch = DeltaBatch::default();
        batch.push(PageId::new(page), Patch::Bytes { offset: turn, bytes: &vec![1; 1 + turn as usize * 9] });
        let mut frame = FrameBuf::default();
        frame.encode(&sections, batch.view(), log.record_bytes_max()).unwrap();
        let room = log.room(frame.len()).unwrap();
        log.publish(log.reserve(room, frame.len()), &mut frame);
    }
}

#[test]
fn a_log_goes_on_past_the_overflows_of_count_and_position() {
    let dir = LogDir::create(Arc::new(MemoryVfs::new()), Path::new("/bus"), InstanceId([7; 16])).unwrap();
    let scan = Scan::run(&dir).unwrap();
    let start = Some(PackedStart::before_overflow(500, 100_000));
    let options = LogOptions { ring_bytes: 0, packed_start: start, ..LogOptions::default() };
    let log = Log::open(&dir, dir.lock().unwrap(), &scan, options).unwrap();
    let before = log.shared.tail.unit();
    thread::scope(|scope| {
        scope.spawn(|| work(&log, 1));
        scope.spawn(|| work(&log, 2));
        scope.spawn(|| watch(&log, 1200));
    });
    log.close().unwrap();
    assert!(log.shared.tail.unit() < before, "the test went past the position's overflow");
    assert_eq!(log.last_number(), 1200);
    let mut reader = Reader::new(&dir, Cursor::first(&dir), log.written_end().lsn).unwrap();
    let mut turns = [0; 2];
    while let Some(commit) = reader.next_commit().unwrap() {
        let (page, patch) = commit.frame.batch.iter().next().unwrap();
        let turn = &mut turns[page.get() as usize - 1];
        assert_eq!(patch, Patch::Bytes { offset: *turn, bytes: &vec![1; 1 + *turn as usize * 9] });
        *turn += 1;
    }
    assert_eq!(turns, [600, 600]);
}

/// Asks for the last number until it is `end`: it never falls, and is never behind what is published.
fn watch(log: &Log, end: u64) {
    let mut before = 0;
    while before < end {
        let (published, last) = (log.published(), log.last_number());
        assert!(last >= before.max(published) && last <= end, "{last} after {before}, {published} published");
        before = last;
        thread::yield_now();
    }
}

#[test]
fn a_forked_child_does_not_touch_the_files() {
    let disk = MemoryVfs::new();
    let dir = LogDir::create(Arc::new(disk.clone()), Path::new("/bus"), InstanceId([7; 16])).unwrap();
    let mut log = Log::open(&dir, dir.lock().unwrap(), &Scan::empty(&dir), LogOptions::default()).unwrap();
    // As a fork leaves it: no thread, and another process id; the flush lock is held by somebody who is gone.
    log.flusher.stop(&log.shared.waker);
    Arc::get_mut(&mut log.shared).unwrap().process_id += 1;
    let shared = Arc::clone(&log.shared);
    let _held = shared.flush.lock().unwrap();
    let before = disk.metadata(&dir.segment_path(&dir.manifest().last_segment())).unwrap().bytes;
    work(&log, 1);
    for durability in [Durability::Written, Durability::Synced] {
        let refused = log.wait(1, durability);
        assert!(
            matches!(&refused, Err(LogError::Poisoned { cause }) if cause.contains("fork")),
            "{refused:?}"
        );
    }
    assert!(matches!(log.room(64), Err(LogError::Poisoned { .. })));
    assert!(matches!(log.close(), Err(LogError::Poisoned { .. })));
    drop(log);
    assert_eq!(disk.metadata(&dir.segment_path(&dir.manifest().last_segment())).unwrap().bytes, before);
}
