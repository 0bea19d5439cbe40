//! What a mark claims, and when it is written.

use std::{path::Path, sync::Arc, thread};

use mmsb_tlog::{
    Log, LogDir, LogError, LogOptions, Mark, Scan, Tail,
    vfs::{FaultyVfs, faulty::Fate},
};
use mmsb_types::{Durability, Lsn};

use super::faulty_log;
use crate::{
    common::{
        HEAD_BYTES, INSTANCE, Place, commit, create, open, places, plain, segment_bytes, set_segment_bytes,
        single, try_open,
    },
    faulty::Action,
};

/// Three threads commit 300 times each, and wait for some syncs.
fn commit_and_wait(log: &Log) {
    let write = || {
        for turn in 0..300 {
            let number = commit(log, &plain(turn, "x"));
            if turn % 9 == 0 {
                log.wait(number, Durability::Synced).unwrap();
            }
        }
    };
    thread::scope(|scope| (0..3).for_each(|_| drop(scope.spawn(write))));
}

/// Returns the mark that ends the batch which ends at `end`.
fn mark_at(bytes: &[u8], places: &[Place], end: usize) -> Mark {
    let mark = places.iter().find(|place| place.end() == end).expect("a batch ends with a record");
    let lsn = Lsn::new(mark.offset as u64);
    Mark::parse(&bytes[mark.offset..], INSTANCE, lsn).expect("and that is a mark")
}

#[test]
fn a_mark_claims_only_what_a_sync_has_confirmed() {
    let (disk, dir, log) = faulty_log();
    commit_and_wait(&log);
    log.close().unwrap();
    let bytes = segment_bytes(&dir);
    let places = places(&bytes);
    let (mut written, mut durable, mut claims) = (vec![0], 0, 0);
    for action in &disk.plan().actions {
        match action {
            Action::Write { offset, bytes: batch } => {
                assert!(*offset >= HEAD_BYTES as u64);
                let mark = mark_at(&bytes, &places, *offset as usize + batch.len());
                assert!(mark.synced_through <= durable, "{mark:?} after {durable} were synced");
                claims += usize::from(mark.synced_through > 0);
                written.push(mark.number);
            }
            Action::Sync { begun } => {
                durable = written[*begun];
                written.push(written[written.len() - 1]);
            }
            Action::Cut => panic!("a log that is whole was cut"),
        }
    }
    assert!(matches!(disk.plan().actions.last(), Some(Action::Sync { .. })), "the closing mark is synced");
    assert_eq!((written.last(), durable), (Some(&900), 900));
    assert!(claims > 10, "the test saw marks that claim something");
}

#[test]
fn a_cut_is_synced_before_anything_is_written_behind_it() {
    let torn = || {
        let (disk, dir, log) = faulty_log();
        log.wait(commit(&log, &single("good")), Durability::Synced).unwrap();
        drop(log);
        let bytes = segment_bytes(&dir);
        set_segment_bytes(&dir, &[&bytes, b"torn".as_slice()].concat());
        disk.plan().actions.clear();
        (disk, dir, bytes)
    };
    let (disk, dir, _) = torn();
    let log = open(&dir);
    log.wait(commit(&log, &single("more")), Durability::Written).unwrap();
    // The first write renews the last mark, of which nobody knows whether it is durable.
    assert!(matches!(
        disk.plan().actions[..],
        [Action::Cut, Action::Sync { .. }, Action::Write { .. }, Action::Sync { .. }, Action::Write { .. }]
    ));
    let (disk, dir, bytes) = torn();
    disk.plan().syncs_left = Some(0);
    let failure = try_open(&dir, LogOptions::default()).unwrap_err();
    assert!(matches!(failure, LogError::Io { operation: "syncing the cut of", .. }), "{failure}");
    assert_eq!(segment_bytes(&dir), bytes);
}

#[test]
fn what_nobody_waits_for_is_written_soon() {
    let (_, _, log) = faulty_log();
    for _ in 0..20 {
        let number = commit(&log, &single("volatile"));
        while log.reached(number) == Durability::Volatile {
            thread::yield_now();
        }
    }
}

#[test]
fn a_torn_state_mark_is_no_damage_though_the_frame_before_it_was_durable() {
    let disk = FaultyVfs::new();
    let dir = create(disk.clone(), Path::new("/bus"));
    let log =
        try_open(&dir, LogOptions { background: false, ring_bytes: 0, ..LogOptions::default() }).unwrap();
    log.wait(commit(&log, &single("durable")), Durability::Synced).unwrap();
    disk.record();
    log.append_state(1, [7; 32]).unwrap();
    log.wait(commit(&log, &single("behind it")), Durability::Written).unwrap();
    let last = disk.take_moments().pop().unwrap();
    for bytes in 0..64 {
        // Before the two writes: a name.
        let after = last.crash(&[Fate::Kept, Fate::Bytes(bytes), Fate::Kept]);
        let scan = Scan::run(&LogDir::open(Arc::new(after), Path::new("/bus")).unwrap()).unwrap();
        let is_torn = scan.end.number == 1 && matches!(scan.tail, Tail::Torn(_));
        assert!(is_torn, "{bytes} bytes of the state mark landed: {scan:?}");
    }
}
