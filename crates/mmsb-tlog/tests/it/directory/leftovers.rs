//! What crashes leave: removed where it is provably of no use, kept aside where nobody can tell.

mod quarantine;

use std::path::Path;

use mmsb_tlog::{LogDir, LogOptions, Manifest, Scan, SegmentHead};

use super::BUS;
use crate::common::{INSTANCE, Layout, OTHER, commits, log_of_segments, single, try_open, unread};

/// Segments 2 and 3 of a log whose first one was retired; its last commit is number 3.
fn retired() -> (LogDir, Vec<(SegmentHead, Vec<u8>)>) {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&single("first"));
    let end = layout.end();
    layout.mark(1, false).rotate().frame(&single("second")).mark(2, false).rotate();
    layout.frame(&single("third")).mark(3, false);
    let segments = layout.segments();
    let dir = log_of_segments(&segments);
    dir.edit(|next| next.checkpoints.push(unread(end))).unwrap();
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
