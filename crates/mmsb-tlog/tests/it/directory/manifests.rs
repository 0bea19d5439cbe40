//! Manifests that a hostile hand wrote, checksums and all: refused by the first rule they break, at no cost.

use mmsb_tlog::{CheckpointRef, Cursor, Fault, HeadFault, Manifest, SegmentHead, TAG_BYTES_MAX, Tag};
use mmsb_types::Lsn;
use proptest::prelude::*;

use crate::common::INSTANCE;

fn cursor(number: u64) -> Cursor {
    Cursor { lsn: Lsn::new(1000 * number), number, chain: 7 * number as u32 }
}

fn checkpoint(number: u64, parent: Option<u64>) -> CheckpointRef {
    CheckpointRef { cursor: cursor(number), parent, bytes: 500, hash: [9; 32] }
}

fn tag(name: &str, number: u64) -> Tag {
    Tag { name: name.to_owned(), number }
}

/// Segments 4 to 6, which begin behind the frames 10, 20 and 30; checkpoints before, at and in them.
fn specimen() -> Manifest {
    Manifest {
        generation: 9,
        instance: INSTANCE,
        segments: [(4, 10), (5, 20), (6, 30)].map(|(n, end)| SegmentHead::behind(n, cursor(end))).to_vec(),
        checkpoints: vec![
            checkpoint(5, None),
            checkpoint(10, Some(5)),
            checkpoint(15, Some(10)),
            checkpoint(30, None),
            checkpoint(35, Some(30)),
        ],
        tags: vec![tag("a", 5), tag("b", 35), tag("the same", 35)],
    }
}

fn fix(bytes: &mut [u8]) {
    let covered = bytes.len() - 4;
    let checksum = mmsb_types::crc32c(&bytes[..covered]).to_le_bytes();
    bytes[covered..].copy_from_slice(&checksum);
}

/// The one door: the specimen, changed so, is refused for this reason.
#[track_caller]
fn check(expect: &str, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = specimen();
    change(&mut manifest);
    match Manifest::parse(&manifest.encode()) {
        Err(HeadFault::Damaged(Fault::Layout(what))) => assert_eq!(what, expect),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_possible_comes_back() {
    let manifest = specimen();
    assert_eq!(Manifest::parse(&manifest.encode()), Ok(manifest.clone()));
    assert_eq!((manifest.oldest(), manifest.first_cursor().number), (10, 10));
    assert_eq!(manifest.chain(35), manifest.checkpoints[3..]);
    assert_eq!(manifest.chain(15), manifest.checkpoints[..3]);
    assert_eq!(manifest.chain(16), []);
    assert_eq!(manifest.resume_at(cursor(10)), Some(manifest.first_cursor()));
    assert_eq!(manifest.resume_at(cursor(5)), None);
    assert_eq!(manifest.resume_at(cursor(15)), Some(cursor(15)));
}

#[test]
fn segments_follow_each_other() {
    let refused = "the segments do not follow each other";
    check("a count is beyond its limit", |m| m.segments.clear());
    check(refused, |m| {
        m.segments.remove(1);
    });
    check(refused, |m| m.segments.swap(0, 1));
    check(refused, |m| m.segments[1] = m.segments[0]);
    check(refused, |m| m.segments[2].first_number = 5);
    check(refused, |m| m.segments[1].first_lsn = Lsn::new(10_063));
    check(refused, |m| m.segments[2].first_lsn = Lsn::new(u64::MAX));
    check(refused, |m| m.segments[0].segment = 0);
}

#[test]
fn checkpoints_rise_and_lie_where_the_log_can_have_them() {
    let (order, place) = ("the checkpoints do not rise", "a checkpoint's place is not one of the log's");
    check(order, |m| m.checkpoints.swap(0, 1));
    check(order, |m| m.checkpoints[1] = m.checkpoints[0]);
    check(order, |m| m.checkpoints[2].cursor.lsn = Lsn::new(1));
    check(place, |m| m.checkpoints[4].cursor.number = u64::MAX);
    check(place, |m| m.checkpoints[4].cursor.lsn = Lsn::new(u64::MAX));
    check(place, |m| m.checkpoints[2].cursor.number = 21);
    check(place, |m| m.checkpoints[3].cursor.lsn = Lsn::new(30_032));
    check(place, |m| m.checkpoints[3].cursor.number = 16);
    let parent = "a checkpoint builds on one that is not there";
    check(parent, |m| m.checkpoints[0].parent = Some(5));
    check(parent, |m| m.checkpoints[0].parent = Some(10));
    check(parent, |m| m.checkpoints[4].parent = Some(31));
    check("the log begins late, and no checkpoint lies in it", |m| {
        m.checkpoints.truncate(1);
        m.tags.truncate(1);
    });
    check("the log begins late, and no checkpoint lies in it", |m| {
        m.checkpoints.truncate(2);
        m.checkpoints[1].cursor.chain ^= 1;
        m.tags.truncate(1);
    });
}

#[test]
fn tags_name_checkpoints_and_each_has_a_name_of_its_own() {
    let names = "the tags' names do not rise";
    check(names, |m| m.tags.swap(0, 1));
    check(names, |m| m.tags[1] = tag("a", 35));
    check(names, |m| m.tags[0].name.clear());
    check("a tag names a checkpoint that is not there", |m| m.tags[0].number = 6);
    check("a tag is impossible", |m| m.tags[2].name = "x".repeat(TAG_BYTES_MAX + 1));
    let mut longest = specimen();
    longest.tags[2].name = "x".repeat(TAG_BYTES_MAX);
    assert_eq!(Manifest::parse(&longest.encode()), Ok(longest));
}

#[test]
fn a_tags_name_is_utf_8() {
    let mut bytes = specimen().encode();
    let name = bytes.len() - 4 - 8;
    bytes[name] = 0xff;
    fix(&mut bytes);
    let refused = Manifest::parse(&bytes);
    assert_eq!(refused, Err(HeadFault::Damaged(Fault::Layout("a tag's name is not UTF-8"))));
}

#[test]
fn counts_are_held_against_the_bytes_that_are_there() {
    for offset in [40, 44, 48, 52] {
        for count in [1, 6, 1 << 16, (1 << 16) + 1, 1 << 20, (1 << 20) + 1, u32::MAX] {
            let mut bytes = specimen().encode();
            bytes[offset..offset + 4].copy_from_slice(&u32::to_le_bytes(count));
            fix(&mut bytes);
            assert!(Manifest::parse(&bytes).is_err(), "{count} at {offset}");
        }
    }
}

#[test]
fn version_1_knows_neither_checkpoints_nor_tags() {
    let bytes = Manifest::first(INSTANCE).encode();
    let mut old = [&bytes[..48], &bytes[56..]].concat();
    old[8] = 1;
    fix(&mut old);
    assert_eq!(Manifest::parse(&old), Ok(Manifest::first(INSTANCE)));
    old[44] = 1;
    fix(&mut old);
    assert!(Manifest::parse(&old).is_err());
    for version in [0, 3, u8::MAX] {
        old[8] = version;
        fix(&mut old);
        assert_eq!(Manifest::parse(&old), Err(HeadFault::Version(version.into())));
    }
}

proptest! {
    #[test]
    fn what_is_read_of_a_hostile_manifest_is_written_the_same(
        changes in proptest::collection::vec((8usize..700, any::<u8>()), 0..4), cut in 0usize..80,
    ) {
        let mut bytes = specimen().encode();
        bytes.truncate(bytes.len() - cut);
        for (offset, byte) in changes {
            if let Some(place) = bytes.get_mut(offset) {
                *place = byte;
            }
        }
        fix(&mut bytes);
        if let Ok(manifest) = Manifest::parse(&bytes) {
            prop_assert!(bytes[8] == 1 || manifest.encode() == bytes);
            prop_assert!(manifest.oldest() >= manifest.segments[0].first_number - 1);
        }
    }
}
