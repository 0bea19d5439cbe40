//! Power cuts and failing calls while the set of files changes: one manifest or the other, and all it names.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{
    Cursor, InstanceId, Log, LogDir, LogError, LogOptions, Manifest, Scan, Verification,
    vfs::{
        FaultyVfs, Vfs,
        faulty::{CallKind, Crash, Failure, FailureKind},
    },
};
use mmsb_types::{Durability, Lsn};

use super::BUS;
use crate::common::{INSTANCE, commit, plain, single, unread};

fn options() -> LogOptions {
    LogOptions { segment_bytes: 1 << 10, background: false, ..LogOptions::default() }
}

fn create(vfs: &FaultyVfs) -> LogDir {
    LogDir::create(Arc::new(vfs.clone()), Path::new(BUS), INSTANCE).unwrap()
}

/// Commits, rotations and retirements; returns each synced number, and after how many calls it was told.
fn write(vfs: &FaultyVfs) -> Vec<(u64, u64)> {
    let dir = create(vfs);
    let mut told = vec![(vfs.call_count(), 0)];
    let log = Log::open(&dir, dir.lock().unwrap(), &Scan::run(&dir).unwrap(), options()).unwrap();
    for turn in 1..=45u64 {
        let number = commit(&log, &plain(turn, "some text"));
        if turn % 5 == 0 {
            log.wait(number, Durability::Synced).unwrap();
            told.push((vfs.call_count(), number));
        }
        if turn % 15 == 0 {
            let cursor = log.cut(|| number).unwrap().behind;
            let change = |next: &mut Manifest| {
                let held = next.segment_of(cursor.lsn).segment;
                next.segments.retain(|head| head.segment >= held);
                next.checkpoints = vec![unread(cursor)];
            };
            dir.retire(change).unwrap();
        }
    }
    log.close().unwrap();
    told
}

/// What is left after a power cut opens, has all that was told to be synced, goes on, and holds nothing else.
#[track_caller]
fn check(disk: &FaultyVfs, synced: u64, what: &str) {
    let dir = LogDir::open(Arc::new(disk.clone()), Path::new(BUS)).unwrap_or_else(|e| panic!("{what}: {e}"));
    let scan = Scan::run(&dir).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(scan.end.number >= synced, "{what}: {scan:?}, {synced} was synced");
    let log =
        Log::open(&dir, dir.lock().unwrap(), &scan, options()).unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(commit(&log, &single("later")), scan.end.number + 1, "{what}");
    log.close().unwrap();
    let manifest = dir.reopen().unwrap().manifest();
    let segments = manifest.segments.iter().map(|head| head.file_name());
    let mut names: Vec<_> = segments.chain([manifest.file_name(), "LOCK".to_owned()]).collect();
    names.sort_unstable();
    assert_eq!(disk.list(Path::new(BUS)).unwrap(), names, "{what}");
    assert_eq!(Verification::run(&dir).unwrap().bad, [], "{what}");
}

#[test]
fn a_power_cut_at_any_moment_leaves_a_bus_that_opens_and_is_cleaned() {
    let vfs = FaultyVfs::new();
    vfs.record();
    let told = write(&vfs);
    let (created, _) = told[0];
    let mut checked = 0;
    for moment in vfs.take_moments() {
        let call = moment.call().number;
        if call < created {
            continue;
        }
        let synced = told.iter().rfind(|(at, _)| *at <= call).unwrap().1;
        for crash in [Crash::Lose, Crash::Keep, Crash::Seeded(call), Crash::Seeded(call + 1000)] {
            let disk = moment.crash(&moment.decide(crash));
            check(&disk, synced, &format!("{crash:?} behind {}", moment.call()));
            checked += 1;
        }
    }
    assert!(checked > 400, "{checked}");
}

#[test]
fn a_power_cut_while_leftovers_are_cleaned_leaves_them_to_the_next() {
    let vfs = FaultyVfs::new();
    create(&vfs);
    for name in ["seg-2.new", "MANIFEST-2.new", "ckpt-9"] {
        vfs.create_new(&Path::new(BUS).join(name)).unwrap().sync_all().unwrap();
    }
    vfs.sync_dir(Path::new(BUS)).unwrap();
    vfs.record();
    let dir = LogDir::open(Arc::new(vfs.clone()), Path::new(BUS)).unwrap();
    drop(Log::open(&dir, dir.lock().unwrap(), &Scan::run(&dir).unwrap(), options()).unwrap());
    let moments = vfs.take_moments();
    assert!(moments.len() >= 3, "{}", moments.len());
    for moment in moments {
        for crash in [Crash::Lose, Crash::Keep, Crash::Seeded(1), Crash::Seeded(2)] {
            let disk = moment.crash(&moment.decide(crash));
            let dir = LogDir::open(Arc::new(disk.clone()), Path::new(BUS)).unwrap();
            drop(Log::open(&dir, dir.lock().unwrap(), &Scan::run(&dir).unwrap(), options()).unwrap());
            let names = disk.list(Path::new(BUS)).unwrap();
            assert_eq!(names, ["LOCK", "MANIFEST-1", "quarantine-1-ckpt-9", "seg-1"], "{crash:?}");
        }
    }
}

fn tag_along(next: &mut Manifest) {
    let cursor = Cursor { lsn: Lsn::new(100), number: 1, chain: 0 };
    next.checkpoints.push(unread(cursor));
}

#[test]
fn an_edit_whose_outcome_nobody_knows_is_the_last_one() {
    let dry = FaultyVfs::new();
    let dir = create(&dry);
    dry.list_calls();
    dir.edit(tag_along).unwrap();
    for call in dry.take_calls() {
        for kind in FailureKind::ALL.into_iter().filter(|kind| kind.applies_to(call.kind)) {
            let vfs = FaultyVfs::new();
            let dir = create(&vfs);
            vfs.fail(Failure { at: call.number, kind, sticky: false });
            let edited = dir.edit(tag_along);
            let what = format!("{kind:?} at {call}: {edited:?}");
            assert_eq!(vfs.failure_count(), 1, "{what}");
            vfs.mend();
            let is_unknown = matches!(call.kind, CallKind::Rename | CallKind::SyncDir);
            // The temporary file of an earlier try may be missing, and the old manifest may stay.
            let is_harmless = call.kind == CallKind::Remove && edited.is_ok();
            assert!(is_harmless || matches!(edited, Err(LogError::Io { .. })), "{what}");
            assert_eq!(dir.manifest().checkpoints.len(), usize::from(is_harmless), "{what}");
            let again = dir.edit(|next| next.checkpoints.clear());
            assert_eq!(matches!(again, Err(LogError::Poisoned { .. })), is_unknown, "{what}: {again:?}");
            let found = dir.reopen().unwrap().manifest();
            assert!([1, 2, 3].contains(&found.generation), "{what}: {found:?}");
            assert_eq!(found.instance, InstanceId(INSTANCE.0));
        }
    }
}
