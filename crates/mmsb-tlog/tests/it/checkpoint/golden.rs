//! The checkpoint under `testdata/format/v2`: what this build writes is what is there, and what is there is read.
//!
//! `MMSB_BLESS=1` rewrites it; that is a change of the format and needs a new version beside the old file.

use std::{fmt::Write, fs, path::PathBuf, sync::Arc};

use mmsb_tlog::{CheckpointReader, CheckpointRef, vfs::OsVfs};

use super::{CURSOR, bus, file_bytes, read, set_file_bytes, specimen, write_short};
use crate::common::INSTANCE;

const META: &[u8] = b"opaque metadata";

fn golden_dir() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../testdata/format/v2"].iter().collect()
}

/// What the manifest of the golden file's bus would tell of it.
fn listed() -> CheckpointRef {
    write_short(&bus(), Some(990), &specimen(), META).unwrap()
}

#[test]
fn this_build_writes_the_golden_checkpoint() {
    let dir = bus();
    let bytes = file_bytes(&dir, &write_short(&dir, Some(990), &specimen(), META).unwrap());
    let path = golden_dir().join("ckpt-1000");
    if std::env::var_os("MMSB_BLESS").is_some() {
        fs::create_dir_all(golden_dir()).unwrap();
        fs::write(&path, &bytes).unwrap();
    }
    let stored = fs::read(&path).unwrap();
    let first = stored.iter().zip(&bytes).position(|(old, new)| old != new);
    assert_eq!((first, stored.len()), (None, bytes.len()), "it differs, first at the byte told");
}

#[test]
fn the_golden_checkpoint_is_read() {
    let vfs = Arc::new(OsVfs);
    let mut reader = CheckpointReader::open_in(vfs.as_ref(), &golden_dir(), INSTANCE, &listed()).unwrap();
    let mut text = format!("{:?}\n", str::from_utf8(reader.meta()).unwrap());
    while let Some(block) = reader.next_block().unwrap() {
        for page in block.pages() {
            let mut bytes = vec![0; page.page_bytes as usize];
            page.write_into(&mut bytes);
            let (count, form, sum) = (bytes.len(), page.form, mmsb_types::crc32c(&bytes));
            writeln!(text, "{} {} {count} bytes {form:?} {sum:08x}", page.page, page.epoch).unwrap();
        }
        text.push_str("--\n");
    }
    insta::assert_snapshot!(text, @r#"
    "opaque metadata"
    page:1 e1 15 bytes Bytes 2e0107a0
    page:2 e7 4096 bytes Fill(0) 98f94189
    page:3 e8 512 bytes Runs b3ffefb3
    --
    page:1073741824 e999 1 bytes Fill(170) 9bd4cecf
    page:1099511627775 e1000 300 bytes Bytes 28480baa
    --
    "#);
}

#[test]
fn every_part_of_the_golden_checkpoint_is_where_the_format_says() {
    let bytes = fs::read(golden_dir().join("ckpt-1000")).unwrap();
    let magics: [&[u8]; 3] = [b"MMSBCKP\0", b"MMSBBLK\0", b"MMSBCKE\0"];
    let at = |offset: usize| magics.iter().find(|magic| bytes[offset..].starts_with(magic));
    let found: Vec<String> = (0..bytes.len())
        .filter_map(|offset| at(offset).map(|magic| format!("{offset} {}", magic.escape_ascii())))
        .collect();
    insta::assert_snapshot!(format!("{}\n{} bytes", found.join("\n"), bytes.len()), @r"
    0 MMSBCKP\x00
    72 MMSBBLK\x00
    304 MMSBBLK\x00
    864 MMSBCKE\x00
    1000 bytes
    ");
}

#[test]
fn the_golden_checkpoint_in_a_bus_is_read() {
    let dir = bus();
    set_file_bytes(&dir, &fs::read(golden_dir().join("ckpt-1000")).unwrap());
    assert_eq!(listed().cursor, CURSOR);
    assert_eq!(read(&dir, &listed()).unwrap(), (specimen(), META.to_vec()));
}
