//! Reading beside a live writer: never an error, only more.

mod retiring;

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use mmsb_tlog::{
    LogDir, LogError, Scan, Tail,
    vfs::{MemoryVfs, OsVfs, Vfs},
};
use mmsb_types::Durability;

use crate::{
    common::{
        Content, commit, commits_up_to, create, open, page, plain, segment_bytes, set_segment_bytes, single,
        specimen,
    },
    faulty::Faulty,
};

/// Short and long commits, of which some are waited for.
fn write(dir: &LogDir, commit_count: u64) {
    let log = open(dir);
    for turn in 0..commit_count {
        let content: Content = if turn % 7 == 0 { page(&vec![turn as u8; 30_000]) } else { plain(turn, "x") };
        let number = commit(&log, &content);
        if turn % 5 == 0 {
            log.wait(number, Durability::Written).unwrap();
        }
        if turn % 50 == 0 {
            log.wait(number, Durability::Synced).unwrap();
        }
    }
}

/// The one door: a scan beside a writer never fails, never shrinks and, at last, sees all.
#[track_caller]
fn check(vfs: impl Vfs, path: &Path, commit_count: u64) {
    let dir = create(vfs, path);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            write(&dir, commit_count);
            is_over.store(true, Ordering::Release);
        });
        let mut seen = 0;
        loop {
            let is_last = is_over.load(Ordering::Acquire);
            let scan = Scan::run_beside_writer(&dir).unwrap();
            assert!(scan.frame_count >= seen, "{} after {seen}", scan.frame_count);
            assert_eq!(commits_up_to(&dir, scan.end.lsn).len() as u64, scan.frame_count);
            seen = scan.frame_count;
            if is_last {
                return assert_eq!(seen, commit_count);
            }
        }
    });
}

#[test]
fn a_scan_beside_a_writer_only_grows_in_memory() {
    check(MemoryVfs::new(), Path::new("/bus"), 1500);
}

#[test]
fn a_scan_beside_a_writer_only_grows_on_the_systems_disk() {
    let root = tempfile::tempdir().unwrap();
    check(OsVfs, &root.path().join("bus"), 1500);
}

#[test]
fn a_batch_caught_half_written_is_read_again() {
    let disk = Faulty::default();
    let dir = create(disk.clone(), Path::new("/bus"));
    let bytes = specimen(true);
    set_segment_bytes(&dir, &bytes);
    for start in (64..bytes.len() as u64).step_by(8) {
        disk.plan().unseen = Some(start..start + 40);
        let scan = Scan::run_beside_writer(&dir);
        // At the very end no mark covers what was not seen: it is today's end.
        match scan.unwrap() {
            Scan { frame_count: 8, tail: Tail::Clean { closed: true }, .. } => {}
            scan => assert!(scan.frame_count >= 6 && start > 700, "hole at {start}: {scan:?}"),
        }
        assert!(disk.plan().unseen.is_none(), "the hole was met");
    }
}

#[test]
fn damage_beside_a_writer_is_believed_the_second_time() {
    let disk = Faulty::default();
    let dir = create(disk, Path::new("/bus"));
    let mut bytes = specimen(true);
    bytes[100] ^= 4;
    set_segment_bytes(&dir, &bytes);
    assert!(matches!(Scan::run_beside_writer(&dir), Err(LogError::Corrupt { number: 1, offset: 64, .. })));
    assert_eq!(segment_bytes(&dir), bytes);
}

#[test]
fn a_reader_follows_the_writers_own_end() {
    let dir = create(MemoryVfs::new(), Path::new("/bus"));
    let log = open(&dir);
    for turn in 1..50 {
        log.wait(commit(&log, &single("x")), Durability::Written).unwrap();
        assert_eq!(log.written_end().number, turn);
        assert_eq!(commits_up_to(&dir, log.written_end().lsn).len() as u64, turn);
    }
}
