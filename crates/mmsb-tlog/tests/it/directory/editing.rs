//! Editing the manifest: seen by all once it is durable, never half, and not again after a failure.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{
    CheckpointRef, Cursor, LogDir, LogError, Manifest, Tag,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_types::Lsn;

use super::BUS;
use crate::{
    common::{INSTANCE, at_once, create},
    faulty::{Faulty, Plan},
};

fn checkpoint(number: u64) -> CheckpointRef {
    let cursor = Cursor { lsn: Lsn::new(64 + 64 * number), number, chain: 9 };
    CheckpointRef { cursor, parent: None, bytes: 100, hash: [1; 32] }
}

#[test]
fn an_edit_is_seen_by_every_clone_and_by_the_next_opening() {
    let vfs = Arc::new(MemoryVfs::new());
    let dir = LogDir::create(vfs.clone(), Path::new(BUS), INSTANCE).unwrap();
    let other = dir.clone().anchored();
    let answer = dir.edit(|next| {
        next.checkpoints.push(checkpoint(5));
        next.tags.push(Tag { name: "five".to_owned(), number: 5 });
        next.generation
    });
    assert_eq!(answer.unwrap(), 2);
    assert_eq!(other.manifest().checkpoint(5), Some(&checkpoint(5)));
    assert_eq!(dir.reopen().unwrap().manifest(), dir.manifest());
    assert_eq!(vfs.list(Path::new(BUS)).unwrap(), ["MANIFEST-2", "seg-1"]);
    other.edit(|_| ()).unwrap();
    assert_eq!(dir.manifest().generation, 2, "nothing changed, nothing written");
}

#[test]
fn edits_beside_each_other_lose_nothing() {
    let dir = create(MemoryVfs::new(), Path::new(BUS));
    at_once(4, |thread| {
        for number in (0..25).map(|turn| 100 * thread as u64 + turn) {
            let add = |next: &mut Manifest| {
                let at = next.checkpoints.partition_point(|old| old.epoch() < number);
                next.checkpoints.insert(at, checkpoint(number));
            };
            dir.clone().edit(add).unwrap();
        }
    });
    let manifest = dir.reopen().unwrap().manifest();
    assert_eq!((manifest.generation, manifest.checkpoints.len()), (101, 100));
}

#[test]
fn an_edit_that_cannot_be_written_changes_nothing_and_may_be_tried_again() {
    let disk = Faulty::default();
    let dir = create(disk.clone(), Path::new(BUS));
    for plan in
        [Plan { writes_left: Some(0), ..Plan::default() }, Plan { syncs_left: Some(0), ..Plan::default() }]
    {
        *disk.plan() = plan;
        let failed = dir.edit(|next| next.checkpoints.push(checkpoint(5)));
        assert!(matches!(failed, Err(LogError::Io { .. })), "{failed:?}");
        assert_eq!(disk.list(Path::new(BUS)).unwrap(), ["MANIFEST-1", "seg-1"]);
        assert_eq!(dir.manifest().checkpoints, []);
    }
    *disk.plan() = Plan::default();
    dir.edit(|next| next.checkpoints.push(checkpoint(5))).unwrap();
    assert_eq!(dir.reopen().unwrap().manifest().checkpoints, [checkpoint(5)]);
}

#[test]
#[should_panic(
    expected = "an edit made a manifest that cannot be: a tag names a checkpoint that is not there"
)]
fn an_edit_makes_only_what_can_be() {
    let dir = create(MemoryVfs::new(), Path::new(BUS));
    let _ = dir.edit(|next| next.tags.push(Tag { name: "none".to_owned(), number: 5 }));
}
