//! The files under `testdata/format/v1`: what this build writes is what is there, and what is there is read.
//!
//! Segments are the same in version 2. `MMSB_BLESS=1` rewrites the files; that is a change of the format and needs
//! a new version beside the old files.

mod v2;

use std::{fmt::Write, fs, path::PathBuf, sync::Arc};

use mmsb_delta::Patch;
use mmsb_tlog::{
    LogDir, Scan, SectionKind, Verification,
    frame::{parse_frame, record_head},
    vfs::{MemoryVfs, OsVfs, Vfs},
};
use mmsb_types::{PageEvent, PageId, PageLocation, Span};

use crate::common::{Content, INSTANCE, Layout, commit, commits, open, places, single};

fn golden_dir() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../testdata/format/v1"].iter().collect()
}

fn page_events() -> Vec<u8> {
    let (page, named) = (PageId::new(1), PageId::new(2));
    let host = PageLocation::Host;
    let events = [
        PageEvent::Created { page, page_bytes: 64, location: host, name: None },
        PageEvent::Created { page: named, page_bytes: 16 << 20, location: host, name: Some("world".into()) },
        PageEvent::Named { page, name: Some("a name of 17 byte".into()) },
        PageEvent::Named { page, name: None },
        PageEvent::Deleted { page: named },
    ];
    let mut section = Vec::new();
    events.iter().for_each(|event| event.encode(&mut section));
    section
}

/// Tag 1 and site 1, both defined here: id u32, length u16, kind u16, text padded to 8.
fn source() -> Vec<u8> {
    let mut section = [1u32.to_le_bytes(), 1u32.to_le_bytes()].concat();
    for (id, kind, text) in [(1u32, 1u16, "physics"), (1, 2, "src/main.rs:1017")] {
        section.extend(id.to_le_bytes());
        section.extend((text.len() as u16).to_le_bytes());
        section.extend(kind.to_le_bytes());
        section.extend(text.as_bytes());
        section.resize(section.len().next_multiple_of(8), 0);
    }
    section
}

/// A log with every kind of record, section and entry.
fn golden_segment() -> Vec<u8> {
    let mut layout = Layout::new(INSTANCE);
    layout.frame(&Content::default().section(SectionKind::PAGE_EVENTS, &page_events())).mark(0, false);
    layout.frame(&single("hello")).mark(1, false);
    let fill = Patch::Fill { span: Span::new(4, 9), byte: 0xaa };
    layout.frame(&Content::default().patch(1, fill));
    layout.frame(&Content::default());
    layout.frame(&every_section()).mark(2, false);
    layout.frame(&every_form(fill)).mark(2, false).mark(6, true);
    layout.bytes
}

fn every_section() -> Content {
    Content::default()
        .section(SectionKind::PAGE_EVENTS, &[])
        .section(SectionKind::GRAPH_EVENTS, b"graph")
        .section(SectionKind::SOURCE, &source())
        .section(SectionKind::CAUSE, b"cause")
        .section(SectionKind::TIMESTAMP, &1_700_000_000_000_000_000u64.to_le_bytes())
        .section(SectionKind::LABEL, &600u64.to_le_bytes())
        .section(SectionKind::SCHEMA, b"schema")
        .patch(1, Patch::Bytes { offset: 3, bytes: b"abc" })
}

fn every_form(fill: Patch<'_>) -> Content {
    Content::default()
        .patch(1, Patch::Bytes { offset: 1, bytes: b"bytes" })
        .patch(1, fill)
        .patch(3, Patch::Page { bytes: b"a whole page" })
        .patch(4, Patch::PageFill { page_bytes: 4096, byte: 0xbb })
        .patch((1 << 30) + 1, Patch::Bytes { offset: 2, bytes: b"wide id" })
        .patch(2, Patch::Bytes { offset: 1 << 20, bytes: b"wide offset" })
        .patch(2, Patch::Fill { span: Span::new(0, 5000), byte: 0xcc })
        .patch(2, Patch::PageFill { page_bytes: 16 << 20, byte: 0xdd })
}

/// What this build writes as in version 1: segments. Manifests have gone on to version 2.
fn golden_files() -> [(String, Vec<u8>); 1] {
    [("seg-1".into(), golden_segment())]
}

#[test]
fn this_build_writes_the_golden_files() {
    let dir = golden_dir();
    for (name, bytes) in golden_files() {
        let path = dir.join(&name);
        if std::env::var_os("MMSB_BLESS").is_some() {
            fs::create_dir_all(&dir).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let stored = fs::read(&path).unwrap();
        let first = stored.iter().zip(&bytes).position(|(old, new)| old != new);
        assert_eq!((first, stored.len()), (None, bytes.len()), "{name} differs, first at the byte told");
    }
}

/// A copy in memory: opening to write would change the files.
fn copy_in_memory() -> LogDir {
    let (vfs, dir) = (MemoryVfs::new(), PathBuf::from("/bus"));
    vfs.create_dir(&dir).unwrap();
    for name in ["MANIFEST-1", "seg-1"] {
        let bytes = fs::read(golden_dir().join(name)).unwrap();
        vfs.create_new(&dir.join(name)).unwrap().write_at(0, &bytes).unwrap();
    }
    LogDir::open(Arc::new(vfs), &dir).unwrap()
}

#[test]
fn the_golden_files_are_read() {
    let dir = LogDir::open(Arc::new(OsVfs), &golden_dir()).unwrap();
    assert_eq!(dir.instance(), INSTANCE);
    insta::assert_snapshot!(format!("{:?}", Scan::run(&dir).unwrap()), @"Scan { end: Cursor { lsn: lsn:1104, number: 6, chain: 1291232649 }, synced_through: 6, durable_end: lsn:976, frame_count: 6, mark_count: 5, tail: Clean { closed: true } }");
    assert_eq!(Verification::run(&dir).unwrap().bad, []);
    insta::assert_snapshot!(commits(&dir).join("\n"), @r"
    e1 section 2 [01, 00, 00, 00, 40, 00, 00, 00, 01, 00, 00, 00, 00, 00, 00, 00, 01, 00, 05, 00, 00, 00, 00, 01, 02, 00, 00, 00, 00, 00, 00, 00, 77, 6f, 72, 6c, 64, 00, 00, 00, 03, 00, 11, 00, 00, 00, 00, 00, 01, 00, 00, 00, 00, 00, 00, 00, 61, 20, 6e, 61, 6d, 65, 20, 6f, 66, 20, 31, 37, 20, 62, 79, 74, 65, 00, 00, 00, 00, 00, 00, 00, 04, 00, 00, 00, 00, 00, 00, 00, 01, 00, 00, 00, 00, 00, 00, 00, 02, 00, 00, 00, 00, 00, 00, 00, 02, 00, 00, 00, 00, 00, 00, 00]
    e2 page:3 Bytes { offset: 8, bytes: [104, 101, 108, 108, 111] }
    e3 page:1 Fill { span: 4+9, byte: 170 }
    e4
    e5 section 2 [] section 3 [67, 72, 61, 70, 68] section 4 [01, 00, 00, 00, 01, 00, 00, 00, 01, 00, 00, 00, 07, 00, 01, 00, 70, 68, 79, 73, 69, 63, 73, 00, 01, 00, 00, 00, 10, 00, 02, 00, 73, 72, 63, 2f, 6d, 61, 69, 6e, 2e, 72, 73, 3a, 31, 30, 31, 37] section 5 [63, 61, 75, 73, 65] section 6 [00, 00, 2a, 36, fe, 9c, 97, 17] section 7 [58, 02, 00, 00, 00, 00, 00, 00] section 8 [73, 63, 68, 65, 6d, 61] page:1 Bytes { offset: 3, bytes: [97, 98, 99] }
    e6 section 1 [04, 00, 00, 00] page:1 Bytes { offset: 1, bytes: [98, 121, 116, 101, 115] } page:1 Fill { span: 4+9, byte: 170 } page:3 Page { bytes: [97, 32, 119, 104, 111, 108, 101, 32, 112, 97, 103, 101] } page:4 PageFill { page_bytes: 4096, byte: 187 } page:1073741825 Bytes { offset: 2, bytes: [119, 105, 100, 101, 32, 105, 100] } page:2 Bytes { offset: 1048576, bytes: [119, 105, 100, 101, 32, 111, 102, 102, 115, 101, 116] } page:2 Fill { span: 0+5000, byte: 204 } page:2 PageFill { page_bytes: 16777216, byte: 221 }
    ");
}

#[test]
fn every_record_of_the_golden_segment_is_where_the_format_says() {
    let bytes = fs::read(golden_dir().join("seg-1")).unwrap();
    let mut text = String::new();
    for place in places(&bytes) {
        let line = &bytes[place.offset..place.end()];
        writeln!(text, "{:5} {:?}", place.offset, record_head(line).unwrap()).unwrap();
        if let Ok(frame) = parse_frame(line) {
            let (compact, wide) = (frame.batch.compact_count(), frame.batch.wide_count());
            let sections: Vec<_> = frame.sections.iter().map(|(kind, bytes)| (kind.0, bytes.len())).collect();
            writeln!(text, "      {compact}+{wide} entries, sections {sections:?}").unwrap();
        }
    }
    insta::assert_snapshot!(text, @r"
       64 Frame(152)
          0+0 entries, sections [(2, 112)]
      216 Mark(64)
      280 Single
          1+0 entries, sections []
      344 Mark(64)
      408 Single
          1+0 entries, sections []
      472 Frame(32)
          0+0 entries, sections []
      504 Frame(192)
          1+0 entries, sections [(2, 0), (3, 5), (4, 48), (5, 5), (6, 8), (7, 8), (8, 6)]
      696 Mark(64)
      760 Frame(216)
          4+4 entries, sections [(1, 4)]
      976 Mark(64)
     1040 Mark(64)
    ");
}

#[test]
fn a_golden_log_takes_more_commits() {
    let dir = copy_in_memory();
    let log = open(&dir);
    assert_eq!(commit(&log, &single("more")), 7);
    log.close().unwrap();
    assert_eq!(commits(&dir).len(), 7);
}

#[test]
fn the_example_in_the_format_page_is_the_golden_segment() {
    let page = fs::read_to_string(golden_dir().join("../../../docs/format.md")).unwrap();
    let bytes = fs::read(golden_dir().join("seg-1")).unwrap();
    let mut line_count = 0;
    for line in page.lines() {
        let Some((offset, rest)) = line.trim().split_once(": ") else { continue };
        let Ok(offset) = offset.parse::<usize>() else { continue };
        let hex = rest.split("  ").next().unwrap();
        let told: Vec<u8> = hex.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
        assert_eq!(told, bytes[offset..offset + told.len()], "{line}");
        line_count += 1;
    }
    assert!(line_count > 15, "the example was found");
}
