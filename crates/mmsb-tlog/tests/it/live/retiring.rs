//! Reading beside a writer that rotates and retires: what is read is right, or told to be gone.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use mmsb_tlog::{
    Cursor, Log, LogDir, LogError, LogOptions, Manifest, Reader, Scan,
    vfs::{MemoryVfs, OsVfs, Vfs},
};
use mmsb_types::Durability;

use crate::common::{INSTANCE, commit, plain, unread};

const COMMITS: u64 = 3000;
const OPTIONS: fn() -> LogOptions = || LogOptions { segment_bytes: 4 << 10, ..LogOptions::default() };

/// Lets the log begin at `cursor`, in the segment that holds it.
fn retire_before(dir: &LogDir, cursor: Cursor) {
    let change = |next: &mut Manifest| {
        let held = next.segment_of(cursor.lsn).segment;
        next.segments.retain(|head| head.segment >= held);
        next.checkpoints = vec![unread(cursor)];
    };
    dir.retire(change).unwrap();
}

fn write(dir: &LogDir) {
    let log = Log::open(dir, dir.lock().unwrap(), &Scan::run(dir).unwrap(), OPTIONS()).unwrap();
    for turn in 1..=COMMITS {
        let number = commit(&log, &plain(turn, "some text"));
        if turn % 7 == 0 {
            log.wait(number, Durability::Written).unwrap();
        }
        if turn % 200 == 0 {
            let cursor = log.cut(|| number).unwrap().behind;
            log.wait(number, Durability::Synced).unwrap();
            retire_before(dir, cursor);
        }
    }
    log.close().unwrap();
}

/// Reads all there is behind `start`; returns its end.
fn read_all(dir: &LogDir, start: Cursor) -> Result<u64, LogError> {
    let scan = Scan::from_beside_writer(dir, start)?;
    let (mut reader, mut number) = (Reader::new(dir, start, scan.end.lsn)?, start.number);
    while let Some(commit) = reader.next_commit()? {
        number += 1;
        assert_eq!(commit.frame.number, number);
    }
    assert_eq!(number, scan.end.number);
    Ok(number)
}

/// Opens and reads all there is; returns its end, or `None` if the beginning went meanwhile.
fn look(vfs: Arc<dyn Vfs>, path: &Path) -> Result<Option<u64>, LogError> {
    let dir = LogDir::open(vfs, path)?;
    let start = Cursor::first(&dir);
    match read_all(&dir, start) {
        Err(LogError::HistoryGone { oldest }) => {
            assert!(oldest > start.number, "{oldest} {start:?}");
            Ok(None)
        }
        looked => looked.map(Some),
    }
}

/// The one door: whoever looks beside the writer sees a log that only grows, or that its beginning is gone.
#[track_caller]
fn check(vfs: impl Vfs, path: &Path) {
    let vfs: Arc<dyn Vfs> = Arc::new(vfs);
    let dir = LogDir::create(vfs.clone(), path, INSTANCE).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            write(&dir);
            is_over.store(true, Ordering::Release);
        });
        let mut seen = 0;
        loop {
            let is_last = is_over.load(Ordering::Acquire);
            if let Some(number) = look(vfs.clone(), path).unwrap() {
                assert!(number >= seen, "{number} after {seen}");
                seen = number;
            }
            if is_last {
                return assert_eq!(seen, COMMITS);
            }
        }
    });
    assert!(dir.manifest().segments[0].segment > 10, "{:?}", dir.manifest().segments[0]);
    let left = vfs.list(path).unwrap().into_iter().filter(|name| name.starts_with("seg-")).count();
    assert_eq!(left, dir.manifest().segments.len());
}

#[test]
fn a_reader_beside_a_writer_that_retires_is_right_in_memory() {
    check(MemoryVfs::new(), Path::new("/bus"));
}

#[test]
fn a_reader_beside_a_writer_that_retires_is_right_on_the_systems_disk() {
    let root = tempfile::tempdir().unwrap();
    check(OsVfs, &root.path().join("bus"));
}
