//! What crashes leave: removed where it is provably of no use, kept aside where nobody can tell.

use std::path::Path;

use mmsb_tlog::{LogDir, LogOptions, Manifest, Scan, SegmentHead};

use super::BUS;
use crate::common::{INSTANCE, Layout, OTHER, commits, log_of_segments, set_segment_bytes, single, try_open};

/// Segments 2 and 3 of a log whose first one was retired; its last commit is number 3.
fn retired() -> (LogDir, Vec<(SegmentHead, Vec<u8>)>) {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&single("first"));
    let end = layout.end();
    layout.mark(1, false).rotate().frame(&single("second")).mark(2, false).rotate();
    layout.frame(&single("third")).mark(3, false);
    let segments = layout.segments();
    let dir = log_of_segments(&segments);
    dir.edit(|next| {
        next.checkpoints.push(mmsb_tlog::CheckpointRef {
            cursor: end,
            parent: None,
            bytes: 0,
            hash: [0; 32],
        });
    })
    .unwrap();
    put(&dir, "ckpt-1", &checkpoint_head(INSTANCE.0));
    dir.retire(|next| next.segments.remove(0)).unwrap();
    (dir, segments)
}

/// The bytes by which a checkpoint's file tells whose it is.
fn checkpoint_head(instance: [u8; 16]) -> Vec<u8> {
    [b"MMSBCKP\0".as_slice(), &[1, 0, 0, 0, 0, 0, 0, 0], &instance, &[7; 100]].concat()
}

fn put(dir: &LogDir, name: &str, bytes: &[u8]) {
    dir.vfs().create_new(&Path::new(BUS).join(name)).unwrap().write_at(0, bytes).unwrap();
}

fn names(dir: &LogDir) -> Vec<String> {
    dir.vfs().list(Path::new(BUS)).unwrap()
}

const LIVE: [&str; 5] = ["LOCK", "MANIFEST-3", "ckpt-1", "seg-2", "seg-3"];

/// The one door: opening to write makes `expect` of the bus and this file.
#[track_caller]
fn check(name: &str, bytes: &[u8], expect: Option<&str>) {
    let (dir, _) = retired();
    put(&dir, name, bytes);
    let before = names(&dir);
    Scan::run(&dir.reopen().unwrap()).unwrap();
    assert_eq!(names(&dir), before, "{name}: reading changes nothing");
    for _ in 0..2 {
        drop(try_open(&dir, LogOptions::default()).unwrap());
        let mut all: Vec<_> = LIVE.into_iter().chain(expect).collect();
        all.sort_unstable();
        assert_eq!(names(&dir), all, "{name}");
    }
    assert_eq!(commits(&dir).len(), 2, "{name}");
}

#[test]
fn what_was_being_written_is_removed() {
    for name in ["seg-4.new", "seg-9.new", "ckpt-7.new", "MANIFEST-4.new", "idx-3.new"] {
        check(name, b"anything", None);
    }
}

#[test]
fn what_was_retired_or_superseded_is_removed() {
    let (_, segments) = retired();
    check("seg-1", &segments[0].1, None);
    check("MANIFEST-2", &Manifest::first(INSTANCE).encode(), None);
    check("ckpt-2", &checkpoint_head(INSTANCE.0), None);
    check("idx-1", b"anything", None);
}

#[test]
fn a_segment_that_was_made_and_never_named_is_removed_if_nothing_is_in_it() {
    let head = |segment, instance| SegmentHead { segment, ..SegmentHead::FIRST }.encode(instance).to_vec();
    check("seg-4", &head(4, INSTANCE), None);
    check("seg-4", &[head(4, INSTANCE), vec![0; 1 << 20]].concat(), None);
    check("seg-4", &[head(4, INSTANCE), vec![0; 1 << 20], vec![1]].concat(), Some("quarantine-3-seg-4"));
    check("seg-4", &head(5, INSTANCE), Some("quarantine-3-seg-4"));
    check("seg-4", &head(4, OTHER), Some("quarantine-3-seg-4"));
    check("seg-4", &[], Some("quarantine-3-seg-4"));
}

#[test]
fn what_nobody_can_tell_is_kept_aside() {
    check("seg-1", b"not a segment", Some("quarantine-3-seg-1"));
    check("MANIFEST-1", b"not a manifest", Some("quarantine-3-MANIFEST-1"));
    check("ckpt-2", &checkpoint_head(OTHER.0), Some("quarantine-3-ckpt-2"));
    check("ckpt-4", &checkpoint_head(INSTANCE.0), Some("quarantine-3-ckpt-4"));
}

#[test]
fn names_that_are_not_the_logs_are_left_alone() {
    for name in
        ["notes.txt", "seg-01", "seg-x", "seg-4.old", "ckpt-", "quarantine-2-seg-9", "idx-3", "new", ".new"]
    {
        check(name, b"anything", Some(name));
    }
}

#[test]
fn a_second_file_of_the_same_name_does_not_replace_the_first_in_quarantine() {
    let (dir, _) = retired();
    for turn in 1..=3u8 {
        put(&dir, "seg-9", &[turn; 5]);
        drop(try_open(&dir, LogOptions::default()).unwrap());
    }
    let found = names(&dir);
    let quarantined: Vec<_> = found.iter().filter(|name| name.starts_with("quarantine")).collect();
    assert_eq!(quarantined, ["quarantine-3-seg-9", "quarantine-3-seg-9-2", "quarantine-3-seg-9-3"]);
}

#[test]
fn a_bus_that_is_refused_keeps_all_its_evidence() {
    let (dir, segments) = retired();
    put(&dir, "seg-4.new", b"anything");
    let mut bytes = segments[2].1.clone();
    bytes[70] ^= 1;
    set_segment_bytes(&dir, &bytes);
    let before = names(&dir);
    try_open(&dir, LogOptions::default()).unwrap_err();
    let added: Vec<_> = names(&dir).into_iter().filter(|name| !before.contains(name)).collect();
    assert_eq!((added, names(&dir).len()), (vec!["LOCK".to_owned()], before.len() + 1));
}
