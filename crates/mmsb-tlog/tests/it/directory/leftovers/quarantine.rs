//! What nobody can tell is kept aside.

use mmsb_tlog::LogOptions;

use super::{check, checkpoint_head, names, put, retired};
use crate::common::{INSTANCE, OTHER, set_segment_bytes, try_open};

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
