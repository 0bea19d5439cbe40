//! A power cut after any step of a rotation, and a failure in any: nothing durable is lost, nothing is half there.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{
    Log, LogDir, LogError, LogOptions,
    vfs::faulty::{CallKind, Crash, Failure, FailureKind, FaultyVfs},
};
use mmsb_types::Durability;

use super::short_segments;
use crate::common::{commit, commits, plain, single, try_commit, try_open};

const COMMITS: u64 = 12;
const SEGMENT_BYTES: u64 = 640;
fn options() -> LogOptions {
    LogOptions { segment_bytes: SEGMENT_BYTES, background: false, ring_bytes: 0, ..LogOptions::default() }
}

/// What was told to be durable: after so many calls of the disk, up to that number.
type Acks = Vec<(u64, u64)>;

/// Commits, waits now for this, now for that, and ends the log; stops at the first failure.
fn work(disk: &FaultyVfs, log: &Log) -> (Acks, Result<(), LogError>) {
    let mut acks = Acks::new();
    let result = commit_all(disk, log, &mut acks);
    (acks, result)
}

fn commit_all(disk: &FaultyVfs, log: &Log, acks: &mut Acks) -> Result<(), LogError> {
    for turn in 1..=COMMITS {
        let number = try_commit(log, &plain(turn, "some text"))?;
        let durability = if turn % 3 == 0 { Durability::Synced } else { Durability::Written };
        log.wait(number, durability)?;
        if turn % 3 == 0 {
            acks.push((disk.call_count(), number));
        }
    }
    log.close()?;
    acks.push((disk.call_count(), COMMITS));
    Ok(())
}

/// Opens what is left, twice, and goes on with it.
#[track_caller]
fn check_rest(rest: &FaultyVfs, durable: u64, expected: &[String], what: &dyn Fn() -> String) {
    let opened = || LogDir::open(Arc::new(rest.clone()), Path::new("/bus"));
    let dir = opened().unwrap_or_else(|error| panic!("{}: {error}", what()));
    let found = commits(&dir);
    assert!(found.len() as u64 >= durable, "{}: {} of {durable} durable commits", what(), found.len());
    assert!(expected.starts_with(&found), "{}: no prefix", what());
    let log = try_open(&dir, options()).unwrap_or_else(|error| panic!("{}: {error}", what()));
    let number = commit(&log, &single("more"));
    assert_eq!(number, found.len() as u64 + 1);
    log.wait(number, Durability::Synced).unwrap();
    drop((log, dir));
    assert_eq!(commits(&opened().unwrap()).len() as u64, number, "{}", what());
}

fn expected() -> Vec<String> {
    let disk = FaultyVfs::new();
    let (dir, log) = short_segments(disk.clone(), SEGMENT_BYTES);
    work(&disk, &log).1.unwrap();
    assert!(dir.manifest().segments.len() >= 3, "{} segments", dir.manifest().segments.len());
    commits(&dir)
}

#[test]
fn a_power_cut_after_any_call_loses_nothing_durable() {
    let (disk, expected) = (FaultyVfs::new(), expected());
    let (_dir, log) = short_segments(disk.clone(), SEGMENT_BYTES);
    disk.record();
    let (acks, result) = work(&disk, &log);
    result.unwrap();
    let mut tried = 0;
    for moment in disk.take_moments() {
        let acked = acks.iter().filter(|(calls, _)| *calls <= moment.call().number);
        let durable = acked.map(|(_, number)| *number).max().unwrap_or(0);
        for crash in [Crash::Lose, Crash::Keep].into_iter().chain((0..6).map(Crash::Seeded)) {
            let rest = moment.crash(&moment.decide(crash));
            check_rest(&rest, durable, &expected, &|| format!("after {}, {crash:?}", moment.call()));
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried} power cuts");
}

#[test]
fn a_crash_of_the_process_after_any_call_loses_nothing_written() {
    let (disk, expected) = (FaultyVfs::new(), expected());
    let (_dir, log) = short_segments(disk.clone(), SEGMENT_BYTES);
    disk.record();
    let acks: Acks = (1..=COMMITS)
        .map(|turn| {
            let number = commit(&log, &plain(turn, "some text"));
            log.wait(number, Durability::Written).unwrap();
            (disk.call_count(), number)
        })
        .collect();
    let mut unnamed_count = 0;
    for moment in disk.take_moments() {
        let acked = acks.iter().filter(|(calls, _)| *calls <= moment.call().number);
        let written = acked.map(|(_, number)| *number).max().unwrap_or(0);
        let rest = moment.kill();
        let building = rest.files().into_iter().find(|path| path.to_str().is_some_and(is_unnamed_segment));
        unnamed_count += building.map_or(0, |path| u32::from(rest.bytes(&path).unwrap().len() > 64));
        check_rest(&rest, written, &expected, &|| format!("after {}", moment.call()));
    }
    assert!(unnamed_count > 3, "{unnamed_count} crashes beside commits in a segment without a name");
}

fn is_unnamed_segment(path: &str) -> bool {
    path.contains("seg-") && path.ends_with(".new")
}

#[test]
fn a_failure_of_any_call_ends_the_log_and_loses_nothing_durable() {
    let expected = expected();
    let mut failed = 0;
    for kind in FailureKind::ALL {
        for at in 0.. {
            let disk = FaultyVfs::new();
            let (dir, log) = short_segments(disk.clone(), SEGMENT_BYTES);
            disk.fail(Failure { at: disk.call_count() + 1 + at, kind, sticky: false });
            disk.list_calls();
            let (acks, result) = work(&disk, &log);
            if disk.failure_count() == 0 {
                assert!(at > 10, "{kind:?} was tried");
                break;
            }
            let what = || format!("{kind:?} at {at}");
            check_end(&disk, &log, &result, &what);
            drop((log, dir));
            let durable = acks.last().map_or(0, |(_, number)| *number);
            for crash in [Crash::Lose, Crash::Keep] {
                check_rest(&disk.crash(crash), durable, &expected, &what);
            }
            failed += 1;
        }
    }
    assert!(failed > 100, "{failed} failures");
}

/// Either the failure did no harm, or the log says so, and has changed nothing since.
#[track_caller]
fn check_end(disk: &FaultyVfs, log: &Log, result: &Result<(), LogError>, what: &dyn Fn() -> String) {
    let calls = disk.take_calls();
    match result {
        // Who cannot remove a superseded manifest leaves it there.
        Ok(()) => assert!(calls.iter().any(|call| call.kind == CallKind::Remove), "{}", what()),
        Err(_) => {
            assert!(matches!(log.check_poison(), Err(LogError::Poisoned { .. })), "{}", what());
            assert!(matches!(log.room(64), Err(LogError::Poisoned { .. })), "{}", what());
            assert!(matches!(log.close(), Err(LogError::Poisoned { .. })), "{}", what());
            assert!(disk.take_calls().is_empty(), "{}", what());
        }
    }
}
