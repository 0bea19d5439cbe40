//! Checkpoints: what goes in comes out; what is damaged is told, with its place; what fails leaves nothing.

mod damage;
mod faults;
mod golden;
mod hostile;
mod round_trip;

use std::{fmt::Write, path::Path};

use mmsb_tlog::{
    CheckpointReader, CheckpointRef, CheckpointWriter, Cursor, LogDir, LogError,
    vfs::{Access, MemoryVfs},
};
use mmsb_types::{Epoch, Lsn, PageId};

use crate::common::create;

/// The place of the state that the tests' checkpoints hold.
const CURSOR: Cursor = Cursor { lsn: Lsn::new(4096), number: 1000, chain: 0x1234_5678 };

/// A page as it goes in and must come out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Page {
    id: u64,
    epoch: u64,
    bytes: Vec<u8>,
}

fn page(id: u64, epoch: u64, bytes: impl Into<Vec<u8>>) -> Page {
    Page { id, epoch, bytes: bytes.into() }
}

/// Bytes without a pattern.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(step).collect()
}

fn bus() -> LogDir {
    create(MemoryVfs::new(), Path::new("/bus"))
}

fn write(dir: &LogDir, parent: Option<u64>, pages: &[Page], meta: &[u8]) -> Result<CheckpointRef, LogError> {
    let mut writer = CheckpointWriter::create(dir, CURSOR, parent)?;
    for page in pages {
        writer.page(PageId::new(page.id), Epoch::new(page.epoch), &page.bytes)?;
    }
    writer.finish(meta)
}

/// Like [`write`], in short blocks: a page or a few each.
fn write_short(
    dir: &LogDir,
    parent: Option<u64>,
    pages: &[Page],
    meta: &[u8],
) -> Result<CheckpointRef, LogError> {
    let mut writer = CheckpointWriter::create(dir, CURSOR, parent)?;
    writer.set_block_bytes(200);
    for page in pages {
        writer.page(PageId::new(page.id), Epoch::new(page.epoch), &page.bytes)?;
    }
    writer.finish(meta)
}

/// Everything that streaming yields: the pages, and the metadata.
fn read(dir: &LogDir, listed: &CheckpointRef) -> Result<(Vec<Page>, Vec<u8>), LogError> {
    let mut reader = CheckpointReader::open(dir, listed)?;
    let (mut pages, mut spare) = (Vec::new(), Vec::new());
    while let Some(block) = reader.next_block_into(spare)? {
        for stored in block.pages() {
            let mut bytes = vec![0xcc; stored.page_bytes as usize];
            stored.write_into(&mut bytes);
            assert!(stored.bytes().is_none_or(|same| same == bytes));
            pages.push(page(stored.page.get(), stored.epoch.get(), bytes));
        }
        spare = block.into_buffer();
    }
    assert_eq!(reader.page_count(), pages.len() as u64);
    assert_eq!(reader.page_bytes(), pages.iter().map(|page| page.bytes.len() as u64).sum());
    Ok((pages, reader.meta().to_vec()))
}

/// The pages of every form that the small tests use.
fn specimen() -> Vec<Page> {
    let sparse = [vec![0; 200], b"an island".to_vec(), vec![0; 303]].concat();
    vec![
        page(1, 1, *b"a page of bytes"),
        page(2, 7, vec![0; 4096]),
        page(3, 8, sparse),
        page(1 << 30, 999, vec![0xaa; 1]),
        page((1 << 40) - 1, 1000, noise(300, 9)),
    ]
}

fn file_bytes(dir: &LogDir, listed: &CheckpointRef) -> Vec<u8> {
    let file = dir.vfs().open(&dir.checkpoint_path(listed.cursor.number), Access::ReadOnly).unwrap();
    let mut bytes = vec![0; file.len().unwrap() as usize];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

fn set_file_bytes(dir: &LogDir, bytes: &[u8]) {
    let path = dir.checkpoint_path(CURSOR.number);
    if !dir.vfs().exists(&path).unwrap() {
        dir.vfs().create_new(&path).unwrap();
    }
    let file = dir.vfs().open(&path, Access::ReadWrite).unwrap();
    file.truncate(0).unwrap();
    file.write_at(0, bytes).unwrap();
}

/// The names in the bus's directory that have to do with checkpoints.
fn names(dir: &LogDir) -> Vec<String> {
    let names = dir.vfs().list(dir.path()).unwrap();
    names.into_iter().filter(|name| name.contains("ckpt")).collect()
}

/// What a reader makes of a file, in words.
fn judge(dir: &LogDir, listed: &CheckpointRef) -> String {
    let mut text = String::new();
    match read(dir, listed) {
        Ok((pages, meta)) => write!(text, "{} pages, {} bytes of metadata", pages.len(), meta.len()).unwrap(),
        Err(error) => write!(text, "{error}").unwrap(),
    }
    text
}
