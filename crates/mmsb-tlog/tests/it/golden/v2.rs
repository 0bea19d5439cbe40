//! The bus under `testdata/format/v2`: two segments, a chain of two checkpoints, a tag.

use std::{fs, path::Path, path::PathBuf, sync::Arc};

use mmsb_delta::Patch;
use mmsb_tlog::{
    CheckpointRef, CheckpointWriter, Cursor, LogDir, LogError, Manifest, Reader, Record, Scan, SectionKind,
    Tag, Verification, checkpoint,
    vfs::{Access, MemoryVfs, OsVfs, Vfs},
};
use mmsb_types::{Epoch, PageId, Span};

use super::{every_form, every_section, page_events};
use crate::common::{Content, INSTANCE, Layout, commit, commits, flipped, log_of_segments, open, single};

fn golden_dir() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../testdata/format/v2"].iter().collect()
}

fn write_checkpoint(
    dir: &LogDir,
    cursor: Cursor,
    parent: Option<u64>,
    pages: &[(u64, &[u8])],
) -> CheckpointRef {
    let mut writer = CheckpointWriter::create(dir, cursor, parent).unwrap();
    for (page, bytes) in pages {
        writer.page(PageId::new(*page), Epoch::new(cursor.number), bytes).unwrap();
    }
    writer.finish(b"golden").unwrap()
}

/// A bus in memory: every kind of record in its segments, every kind of file in its manifest.
fn golden_bus() -> LogDir {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&Content::default().section(SectionKind::PAGE_EVENTS, &page_events())).mark(0, false);
    layout.frame(&single("hello"));
    let second = layout.end();
    layout.mark(1, false).state(2, *b"the hash of the state numbered 2").rotate();
    let fill = Patch::Fill { span: Span::new(4, 9), byte: 0xaa };
    layout.frame(&Content::default().patch(1, fill)).frame(&every_section());
    let fourth = layout.end();
    layout.mark(2, false).frame(&every_form(fill)).state(5, [5; 32]).mark(4, false).mark(5, true);
    let dir = log_of_segments(&layout.segments());
    let full = write_checkpoint(&dir, second, None, &[(1, &[0; 64]), (3, b"hello, state")]);
    let next = write_checkpoint(&dir, fourth, Some(2), &[(1, &[0xaa; 64])]);
    dir.edit(|manifest| manifest.checkpoints.extend([full, next])).unwrap();
    dir.edit(|manifest| manifest.tags.push(Tag { name: "a tag".to_owned(), number: 2 })).unwrap();
    dir
}

const NAMES: [&str; 5] = ["MANIFEST-3", "ckpt-2", "ckpt-4", "seg-1", "seg-2"];

fn bytes_of(vfs: &dyn Vfs, path: &Path) -> Vec<u8> {
    let file = vfs.open(path, Access::ReadOnly).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

/// A copy in memory: opening to write would change the files.
fn copy_in_memory() -> (MemoryVfs, PathBuf) {
    let (vfs, dir) = (MemoryVfs::new(), PathBuf::from("/bus"));
    vfs.create_dir(&dir).unwrap();
    for name in NAMES {
        let bytes = fs::read(golden_dir().join(name)).unwrap();
        vfs.create_new(&dir.join(name)).unwrap().write_at(0, &bytes).unwrap();
    }
    (vfs, dir)
}

#[test]
fn this_build_writes_the_golden_bus() {
    let (dir, golden) = (golden_bus(), golden_dir());
    assert_eq!(dir.vfs().list(dir.path()).unwrap(), NAMES);
    for name in NAMES {
        let bytes = bytes_of(dir.vfs().as_ref(), &dir.path().join(name));
        if std::env::var_os("MMSB_BLESS").is_some() {
            fs::create_dir_all(&golden).unwrap();
            fs::write(golden.join(name), &bytes).unwrap();
        }
        let stored = fs::read(golden.join(name)).unwrap();
        let first = stored.iter().zip(&bytes).position(|(old, new)| old != new);
        assert_eq!((first, stored.len()), (None, bytes.len()), "{name} differs, first at the byte told");
    }
}

#[test]
fn the_golden_bus_is_read() {
    let dir = LogDir::open(Arc::new(OsVfs), &golden_dir()).unwrap();
    let manifest = dir.manifest();
    insta::assert_snapshot!(format!("{:?}\n{:?}", manifest.segments, manifest.tags), @r#"
    [SegmentHead { segment: 1, first_number: 1, first_lsn: lsn:0, chain: 0 }, SegmentHead { segment: 2, first_number: 3, first_lsn: lsn:472, chain: 2281327586 }]
    [Tag { name: "a tag", number: 2 }]
    "#);
    let places: Vec<_> = manifest.checkpoints.iter().map(|one| (one.cursor, one.parent, one.bytes)).collect();
    insta::assert_snapshot!(format!("{places:?}"), @"[(Cursor { lsn: lsn:344, number: 2, chain: 2281327586 }, None, 408), (Cursor { lsn: lsn:792, number: 4, chain: 2289271368 }, Some(2), 368)]");
    insta::assert_snapshot!(format!("{:?}", Scan::run(&dir).unwrap()), @"Scan { end: Cursor { lsn: lsn:1264, number: 5, chain: 1240403075 }, synced_through: 5, durable_end: lsn:1136, frame_count: 5, mark_count: 5, tail: Clean { closed: true } }");
    assert_eq!(Verification::run(&dir).unwrap().bad, []);
    assert_eq!(commits(&dir).len(), 5);
    for listed in &manifest.checkpoints {
        assert_eq!(checkpoint::verify(&dir, listed).unwrap(), []);
        assert_eq!(Scan::from(&dir, listed.cursor).unwrap().frame_count, 5 - listed.epoch());
    }
    assert_eq!(manifest.chain(4), manifest.checkpoints);

    let mut reader = Reader::new(&dir, Cursor::first(&dir), Scan::run(&dir).unwrap().end.lsn).unwrap();
    let mut states = Vec::new();
    while let Some(record) = reader.next_record().unwrap() {
        if let Record::State(state) = record {
            states.push((state.number, state.hash));
        }
    }
    assert_eq!(states, [(2, *b"the hash of the state numbered 2"), (5, [5; 32])]);
}

#[test]
fn the_golden_bus_goes_on() {
    let (vfs, path) = copy_in_memory();
    let dir = LogDir::open(Arc::new(vfs.clone()), &path).unwrap();
    let before = commits(&dir);
    let log = open(&dir);
    assert_eq!(commit(&log, &single("later")), 6);
    log.close().unwrap();
    assert_eq!(commits(&dir)[..5], before);
    assert_eq!(vfs.list(&path).unwrap(), ["LOCK"].into_iter().chain(NAMES).collect::<Vec<_>>());
}

#[test]
fn every_field_of_the_golden_manifest_is_where_the_format_says() {
    let bytes = fs::read(golden_dir().join("MANIFEST-3")).unwrap();
    let word = |offset: usize| u64::from_le_bytes(*bytes[offset..].first_chunk().unwrap());
    let half = |offset: usize| u32::from_le_bytes(*bytes[offset..].first_chunk().unwrap());
    assert_eq!(
        (&bytes[..8], &bytes[8..16], &bytes[16..32]),
        (&b"MMSBMAN\0"[..], &[2, 0, 0, 0, 0, 0, 0, 0][..], &INSTANCE.0[..])
    );
    assert_eq!((word(32), [40, 44, 48, 52].map(half)), (3, [2, 2, 1, 0]));
    let manifest = Manifest::parse(&bytes).unwrap();
    let [_, second] = manifest.segments[..] else { panic!() };
    assert_eq!((word(88), word(96), word(104)), (2, second.first_number, second.first_lsn.get()));
    assert_eq!((half(112), half(116)), (second.chain, 0));
    for (at, one) in [120, 192].into_iter().zip(&manifest.checkpoints) {
        assert_eq!((word(at), word(at + 8)), (one.epoch(), one.cursor.lsn.get()));
        assert_eq!((half(at + 16), half(at + 20)), (one.cursor.chain, u32::from(one.parent.is_some())));
        assert_eq!((word(at + 24), word(at + 32)), (one.parent.unwrap_or(0), one.bytes));
        assert_eq!(bytes[at + 40..at + 72], one.hash);
    }
    assert_eq!((word(264), &bytes[272..288]), (2, &b"\x05\0\0\0\0\0\0\0a tag\0\0\0"[..]));
    assert_eq!((bytes.len(), half(288)), (292, mmsb_types::crc32c(&bytes[..288])));
}

/// Every bit and every length of the manifest and of both segments: a typed error that names the file, or the
/// whole prefix that the recovery rule allows.
#[test]
fn no_damage_to_the_golden_bus_is_believed() {
    let (vfs, path) = copy_in_memory();
    let open = || LogDir::open(Arc::new(vfs.clone()), &path);
    let good = commits(&open().unwrap());
    for name in ["MANIFEST-3", "seg-1", "seg-2"] {
        let bytes = fs::read(golden_dir().join(name)).unwrap();
        let file = vfs.open(&path.join(name), Access::ReadWrite).unwrap();
        let flips = (0..bytes.len() * 8).map(|bit| flipped(&bytes, bit));
        for damaged in flips.chain((0..bytes.len()).map(|len| bytes[..len].to_vec())) {
            file.truncate(0).unwrap();
            file.write_at(0, &damaged).unwrap();
            match open().and_then(|dir| Scan::run(&dir).map(|scan| (dir, scan))) {
                Err(LogError::Corrupt { file, offset, .. }) => {
                    assert!(file.ends_with(name) && offset <= bytes.len() as u64, "{file:?} {offset}");
                }
                Err(other) => panic!("{name}: {other}"),
                // Number four is durable: a checkpoint says so.
                Ok((dir, scan)) => {
                    assert!(name == "seg-2" && scan.end.number >= 4, "{name}: {scan:?}");
                    assert!(good.starts_with(&commits(&dir)));
                }
            }
        }
        file.truncate(0).unwrap();
        file.write_at(0, &bytes).unwrap();
    }
    assert_eq!(commits(&open().unwrap()), good);
}
