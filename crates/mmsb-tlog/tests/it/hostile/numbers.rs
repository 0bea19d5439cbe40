//! Logs that begin late: their numbers run out, or pass every overflow.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{
    LogDir, LogError, Manifest, NUMBER_MAX, Scan, SegmentHead, Verification,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_types::Lsn;

use crate::common::{INSTANCE, commit, create, open, plain, single, try_commit, unread};

/// A bus whose log begins at `head`; its manifest names a checkpoint there, if need be.
pub(super) fn bus_at(head: SegmentHead) -> LogDir {
    let vfs = MemoryVfs::new();
    let path = Path::new("/bus");
    create(vfs.clone(), path);
    let start = unread(head.cursor());
    let checkpoints = if head.first_lsn == Lsn::ZERO { vec![] } else { vec![start] };
    let manifest = Manifest { segments: vec![head], checkpoints, ..Manifest::first(INSTANCE) };
    for (name, bytes) in
        [(manifest.file_name(), manifest.encode()), (head.file_name(), head.encode(INSTANCE).to_vec())]
    {
        vfs.open(&path.join(name), Access::ReadWrite).unwrap().write_at(0, &bytes).unwrap();
    }
    LogDir::open(Arc::new(vfs), path).unwrap()
}

#[test]
fn a_log_whose_numbers_are_used_up_takes_no_commit() {
    let dir = bus_at(SegmentHead { first_number: NUMBER_MAX, ..SegmentHead::FIRST });
    let log = open(&dir);
    assert!(matches!(try_commit(&log, &single("x")), Err(LogError::NumbersUsedUp { limit: NUMBER_MAX })));
}

#[test]
fn a_log_that_begins_late_counts_on_past_every_overflow_of_the_reservation_word() {
    // 2^24 commits wrap the count; 2^48 is where a done slot has no bits left for the number.
    for start in [(1u64 << 24) - 500, (1 << 48) - 500] {
        let head = SegmentHead { first_number: start, first_lsn: Lsn::new(1 << 40), ..SegmentHead::FIRST };
        let dir = bus_at(head);
        let log = open(&dir);
        for number in start..start + 1000 {
            assert_eq!(commit(&log, &plain(number, "x")), number);
        }
        log.close().unwrap();
        drop(log);
        let scan = Scan::run(&dir).unwrap();
        assert_eq!((scan.end.number, scan.frame_count), (start + 999, 1000));
        assert_eq!(Verification::run(&dir).unwrap().bad, []);
    }
}
