//! Inputs to begin with: what a bus has written, and the kinds of records that it writes seldom.

use std::{path::Path, sync::Arc};

use mmsb::{Bus, vfs::FaultyVfs};
use mmsb_delta::{DeltaBatch, Patch};
use mmsb_tlog::{
    CheckpointRef, CheckpointWriter, Cursor, FrameBuf, LogDir, Manifest, Mark, SectionBuf, SectionKind,
    SegmentHead, StateMark, Tag,
    frame::{parse_frame, record_head},
};
use mmsb_types::{Epoch, Lsn, PageId, Span};

use crate::{
    Driver, Rng,
    fuzz::{
        disk::{INSTANCE, PATH},
        forge::Fixes,
    },
};

const HEAD_BYTES: usize = 64;

/// The files of a bus after some operations, and checkpoints in between, in the order of their names, the lock
/// apart.
fn store(seed: u64, operations: usize, segment_bytes: u64) -> Vec<(String, Vec<u8>)> {
    let disk = FaultyVfs::new();
    let bus = bus(&disk, segment_bytes);
    let mut driver = Driver::with_short_pages(seed);
    for operation in 1..=operations {
        driver.step(&bus);
        if operation % 4 == 0 {
            let epoch = bus.checkpoint().expect("a disk that does not fail").epoch;
            bus.tag(&format!("tag {operation}"), epoch).expect("a disk that does not fail");
        }
    }
    // It makes the indexes.
    bus.log_report().expect("a log that can be read");
    bus.stop().expect("a disk that does not fail");
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let files = disk.files().into_iter().filter(|path| !path.ends_with("LOCK"));
    files.filter_map(|path| Some((name(&path)?, disk.bytes(&path).ok()?))).collect()
}

fn bus(disk: &FaultyVfs, segment_bytes: u64) -> Bus {
    let builder = Bus::builder().ring_bytes(0).prewrite(false).segment_bytes(segment_bytes);
    let bus = builder.instance_id(INSTANCE.0).create_on(Arc::new(disk.clone()), Path::new(PATH));
    bus.expect("a disk that does not fail")
}

/// Small stores, of one segment and of several.
fn stores(seed: u64) -> impl Iterator<Item = Vec<(String, Vec<u8>)>> {
    [(1, 4, 1 << 20), (2, 9, 1 << 20), (3, 12, 4096), (4, 6, 1024)]
        .map(|(salt, operations, bytes)| store(seed ^ salt, operations, bytes))
        .into_iter()
}

/// The files whose names begin so, one behind the other, behind a byte that puts everything right.
fn joined(files: &[(String, Vec<u8>)], prefixes: &[&str]) -> Vec<u8> {
    let is_wanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let wanted = files.iter().filter(|(name, _)| is_wanted(name));
    [Fixes::ALL].into_iter().chain(wanted.flat_map(|(_, bytes)| bytes.iter().copied())).collect()
}

pub(super) fn logs(seed: u64) -> Vec<Vec<u8>> {
    stores(seed).map(|files| joined(&files, &["seg-"])).collect()
}

pub(super) fn buses(seed: u64) -> Vec<Vec<u8>> {
    stores(seed).map(|files| joined(&files, &["seg-", "ckpt-", "MANIFEST-"])).collect()
}

/// The indexes of every closed segment.
pub(super) fn indexes(seed: u64) -> Vec<Vec<u8>> {
    let is_index = |(name, _): &(String, Vec<u8>)| name.starts_with("idx-");
    let stores = [(5, 60, 4096), (6, 60, 8192)].map(|(salt, count, bytes)| store(seed ^ salt, count, bytes));
    let indexes = stores.into_iter().flatten().filter(is_index);
    indexes.map(|(_, file)| [&[Fixes::ALL], &file[..]].concat()).collect()
}

/// Every record of the logs, and one of each kind that a bus does not write.
pub(super) fn records(seed: u64) -> Vec<Vec<u8>> {
    let mut records = vec![wide_frame(), mark(), state()];
    for log in logs(seed) {
        let mut rest = log.get(1 + HEAD_BYTES..).unwrap_or_default();
        while let Ok(head) = record_head(rest) {
            let (record, behind) = rest.split_at(head.bytes().min(rest.len()));
            records.push(record.to_vec());
            rest = behind;
        }
    }
    records.iter().map(|record| [&[Fixes::ALL], &record[..]].concat()).collect()
}

fn wide_frame() -> Vec<u8> {
    let mut sections = SectionBuf::default();
    sections.push(SectionKind::LABEL, &7u64.to_le_bytes());
    sections.push(SectionKind(99), b"of a kind to come");
    let mut frame = FrameBuf::default();
    frame.encode(&sections, wide_batch().view(), 1 << 20).expect("a short frame");
    frame.seal(1);
    frame.bytes().to_vec()
}

/// Every form, compact and wide.
fn wide_batch() -> DeltaBatch {
    let mut batch = DeltaBatch::default();
    for page in [3, 1 << 39] {
        let page = PageId::new(page);
        batch.push(page, Patch::Bytes { offset: 8, bytes: b"hello" });
        batch.push(page, Patch::Fill { span: Span::new(20, 50), byte: 0xee });
        batch.push(PageId::new(page.get() + 1), Patch::Page { bytes: &[1, 2, 3, 4] });
        batch.push(PageId::new(page.get() + 2), Patch::PageFill { page_bytes: 77, byte: 9 });
    }
    batch
}

fn mark() -> Vec<u8> {
    let mark = Mark { lsn: Lsn::new(4096), number: 9, synced_through: 8, chain: 77, closing: true };
    mark.encode(INSTANCE).to_vec()
}

fn state() -> Vec<u8> {
    StateMark { lsn: Lsn::new(4096), number: 9, hash: [5; 32] }.encode(INSTANCE).to_vec()
}

/// The columns of every frame, with counts that fit.
pub(super) fn batches(seed: u64) -> Vec<Vec<u8>> {
    let columns = |record: &Vec<u8>| {
        let batch = parse_frame(&record[1..]).ok()?.batch;
        let [compact, wide, ..] = batch.columns();
        let counts = [u8::try_from(compact.len() / 8).ok()?, u8::try_from(wide.len() / 24).ok()?];
        let mut bytes = [&counts[..], &[0]].concat();
        batch.encode_into(&mut bytes);
        Some(bytes)
    };
    records(seed).iter().filter_map(columns).collect()
}

pub(super) fn events(seed: u64) -> Vec<Vec<u8>> {
    let section = |record: &Vec<u8>| {
        let sections = parse_frame(&record[1..]).ok()?.sections;
        sections.get(SectionKind::PAGE_EVENTS).map(<[u8]>::to_vec)
    };
    records(seed).iter().filter_map(section).collect()
}

/// Manifests with segments, chains and tags.
pub(super) fn manifests(seed: u64) -> Vec<Vec<u8>> {
    let cursor = |number: u64| Cursor { lsn: Lsn::new(1000 * number), number, chain: 7 };
    let checkpoint =
        |number, parent| CheckpointRef { cursor: cursor(number), parent, bytes: 500, hash: [9; 32] };
    let tag = |name: &str, number| Tag { name: name.to_owned(), number };
    let first = Manifest::first(INSTANCE);
    let later = Manifest {
        generation: 9,
        segments: [(4, 10), (5, 20), (6, 30)].map(|(n, end)| SegmentHead::behind(n, cursor(end))).to_vec(),
        checkpoints: vec![checkpoint(5, None), checkpoint(15, None), checkpoint(35, Some(15))],
        tags: vec![tag("a", 5), tag("the same", 35)],
        ..first.clone()
    };
    let encoded = [first, later].map(|manifest| [&[Fixes::ALL], &manifest.encode()[..]].concat());
    let stored = stores(seed).map(|files| joined(&files, &["MANIFEST-"]));
    encoded.into_iter().chain(stored).collect()
}

/// Checkpoints of every form, in one block and in several.
pub(super) fn checkpoints(seed: u64) -> Vec<Vec<u8>> {
    let runs: Vec<u8> = (0..2048).map(|at| (at / 64) as u8).collect();
    let half: Vec<u8> = (0..640).map(|at| if at < 500 { 0 } else { at as u8 }).collect();
    let mut dice = Rng::new(seed);
    let noise: Vec<u8> = (0..300).map(|_| dice.any() as u8).collect();
    let pages =
        [(1, &b"fifteen bytes.."[..]), (2, &[7; 4096]), (3, &half), (1 << 30, &noise), (1 << 39, b"x")];
    vec![
        checkpoint(None, 1 << 20, &pages),
        checkpoint(Some(3), 200, &pages),
        checkpoint(None, 1 << 20, &[(9, &runs)]),
    ]
}

fn checkpoint(parent: Option<u64>, block_bytes: usize, pages: &[(u64, &[u8])]) -> Vec<u8> {
    let disk = FaultyVfs::new();
    let dir = LogDir::create(Arc::new(disk.clone()), Path::new(PATH), INSTANCE).expect("a new directory");
    let cursor = Cursor { lsn: Lsn::new(5000), number: 40, chain: 7 };
    let mut writer = CheckpointWriter::create(&dir, cursor, parent).expect("a new file");
    writer.set_block_bytes(block_bytes);
    for &(page, bytes) in pages {
        writer.page(PageId::new(page), Epoch::new(page.min(40)), bytes).expect("a disk that does not fail");
    }
    let listed = writer.finish(b"metadata").expect("a disk that does not fail");
    let bytes = disk.bytes(&dir.checkpoint_path(listed.epoch())).expect("it was written");
    [&[Fixes::ALL], &bytes[..]].concat()
}

pub(super) fn operations(seed: u64) -> Vec<Vec<u8>> {
    (0..12).map(|salt| Rng::new(seed ^ salt).bytes(40 + 30 * salt as usize)).collect()
}

/// The metadata of states with names, texts and labels.
pub(super) fn metadata(seed: u64) -> Vec<Vec<u8>> {
    let of = |(salt, operations)| {
        let bus = bus(&FaultyVfs::new(), 1 << 20);
        let mut driver = Driver::with_short_pages(seed ^ salt);
        (0..operations).for_each(|_| driver.step(&bus));
        let envelope = mmsb::testing::metadata(&bus).expect("a disk that does not fail");
        [&[1], &envelope[..]].concat()
    };
    [(1, 1), (2, 6), (3, 30)].map(of).to_vec()
}
