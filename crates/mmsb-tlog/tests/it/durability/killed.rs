//! The process dies between a step and the sync that belongs to it, or after one that failed: whoever goes on
//! makes sure of what he stands on first.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{
    LogDir,
    vfs::{
        FaultyVfs,
        faulty::{CallKind, Crash, Failure, FailureKind, Moment},
    },
};
use mmsb_types::Durability;

use crate::common::{commit, commits, create, open, plain, single};

/// Opens a bus whose writer died at `moment`, syncs a commit and cuts the power; returns what is there then.
fn goes_on(moment: &Moment) -> Vec<String> {
    let disk = moment.kill();
    let dir = LogDir::open(Arc::new(disk.clone()), Path::new("/bus")).unwrap();
    let log = open(&dir);
    log.wait(commit(&log, &single("kept")), Durability::Synced).unwrap();
    let after = disk.crash(Crash::Lose);
    commits(&LogDir::open(Arc::new(after), Path::new("/bus")).unwrap())
}

#[test]
fn a_bus_whose_name_was_not_synced_keeps_what_is_synced_later() {
    let disk = FaultyVfs::new();
    disk.record();
    create(disk.clone(), Path::new("/bus"));
    let moments = disk.take_moments();
    let renamed = moments.iter().find(|moment| moment.call().kind == CallKind::Rename).unwrap();
    assert_eq!(goes_on(renamed).len(), 1);
}

#[test]
fn what_was_written_before_the_death_is_synced_with_what_comes_after() {
    let disk = FaultyVfs::new();
    let log = open(&create(disk.clone(), Path::new("/bus")));
    disk.record();
    log.wait(commit(&log, &plain(1, "written")), Durability::Written).unwrap();
    assert_eq!(goes_on(&disk.take_moments()[0]).len(), 2);
}

#[test]
fn what_a_failed_sync_has_dropped_is_written_again() {
    let disk = FaultyVfs::new();
    let dir = create(disk.clone(), Path::new("/bus"));
    let log = open(&dir);
    disk.fail(Failure { at: 0, kind: FailureKind::Sync, sticky: false });
    log.wait(commit(&log, &single("shown, and not on the disk")), Durability::Synced).unwrap_err();
    drop(log);
    let log = open(&dir);
    log.wait(commit(&log, &single("behind it")), Durability::Synced).unwrap();
    let after = disk.crash(Crash::Lose);
    assert_eq!(commits(&LogDir::open(Arc::new(after), Path::new("/bus")).unwrap()).len(), 2);
}
