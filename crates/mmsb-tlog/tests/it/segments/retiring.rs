//! Segments go from the front: from the manifest first, then from the disk, and under readers.

use std::path::Path;

use mmsb_tlog::{Cursor, LogDir, LogError, Manifest, Reader, Scan, vfs::Vfs};

use super::{cursors, log, specimen};
use crate::{
    common::{INSTANCE, create, unread},
    faulty::{Faulty, Plan},
};

/// Makes the log begin at its second segment, or its third.
fn retire(dir: &LogDir, count: usize) {
    let number = dir.manifest().segments[count].first_number - 1;
    let cursor = *cursors(dir).iter().find(|cursor| cursor.number == number).unwrap();
    dir.edit(|next| next.checkpoints.push(unread(cursor))).unwrap();
    dir.retire(|next| next.segments.drain(..count).count()).unwrap();
}

#[test]
fn what_is_retired_goes_from_manifest_and_disk() {
    let (dir, segments) = log();
    retire(&dir, 1);
    assert_eq!(dir.vfs().list(Path::new("/bus")).unwrap(), ["MANIFEST-3", "seg-2", "seg-3"]);
    assert_eq!(dir.reopen().unwrap().manifest().segments, [segments[1].0, segments[2].0]);
    assert_eq!(dir.manifest().oldest(), 3);
    assert_eq!(Scan::run(&dir).unwrap().frame_count, 5);
    let newer = Cursor { lsn: segments[2].0.first_lsn, ..segments[2].0.cursor() };
    dir.edit(|next| next.checkpoints.push(unread(newer))).unwrap();
    for name in ["ckpt-3", "ckpt-6", "idx-2", "idx-3"] {
        dir.vfs().create_new(&dir.path().join(name)).unwrap();
    }
    dir.retire(|next| (next.segments.remove(0), next.checkpoints.remove(0))).unwrap();
    assert_eq!(dir.vfs().list(Path::new("/bus")).unwrap(), ["MANIFEST-5", "ckpt-6", "idx-3", "seg-3"]);
}

#[test]
fn nothing_goes_while_the_manifest_may_still_name_it() {
    let disk = Faulty::default();
    let dir = create(disk.clone(), Path::new("/bus"));
    let start = Cursor { lsn: mmsb_types::Lsn::new(128), number: 1, chain: 5 };
    dir.edit(|next: &mut Manifest| {
        let second = mmsb_tlog::SegmentHead::behind(2, start);
        next.segments.push(second);
        next.checkpoints.push(unread(start));
        disk.create_new(Path::new("/bus/seg-2")).unwrap().write_at(0, &second.encode(INSTANCE)).unwrap();
    })
    .unwrap();
    for (writes_left, syncs_left) in [(Some(0), None), (None, Some(0))] {
        *disk.plan() = Plan { writes_left, syncs_left, ..Plan::default() };
        assert!(dir.retire(|next| next.segments.remove(0)).is_err());
        assert_eq!(disk.list(Path::new("/bus")).unwrap(), ["MANIFEST-2", "seg-1", "seg-2"]);
    }
    *disk.plan() = Plan::default();
    dir.retire(|next| next.segments.remove(0)).unwrap();
    assert_eq!(disk.list(Path::new("/bus")).unwrap(), ["MANIFEST-3", "seg-2"]);
}

#[test]
fn a_reader_under_which_segments_go_reads_what_it_holds_and_then_tells_that_they_are_gone() {
    let (dir, _) = log();
    let theirs = dir.reopen().unwrap();
    let end = Scan::run(&dir).unwrap().end.lsn;
    let mut readers = [&dir, &theirs].map(|dir| Reader::new(dir, Cursor::first(dir), end).unwrap());
    let mut fresh = Reader::new(&theirs, Cursor::first(&theirs), end).unwrap();
    assert_eq!(fresh.next_commit().unwrap().unwrap().frame.number, 1);
    retire(&dir, 2);
    for reader in readers.iter_mut().chain([&mut fresh]) {
        while reader.cursor().number < 3 {
            reader.next_commit().unwrap().unwrap();
        }
        for _ in 0..2 {
            let gone = reader.next_commit();
            assert!(matches!(gone, Err(LogError::HistoryGone { oldest: 6 })), "{gone:?}");
        }
    }
    for dir in [&dir, &theirs] {
        let first = specimen()[0].0.cursor();
        let gone = Reader::new(dir, first, end);
        assert!(matches!(gone, Err(LogError::HistoryGone { oldest: 6 })), "{gone:?}");
    }
    let gone = Scan::run_beside_writer(&theirs);
    assert!(matches!(gone, Err(LogError::HistoryGone { oldest: 6 })), "{gone:?}");
    assert_eq!(Scan::run_beside_writer(&theirs.reopen().unwrap()).unwrap().frame_count, 2);
}
