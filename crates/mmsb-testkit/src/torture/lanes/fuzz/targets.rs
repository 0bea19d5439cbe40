//! What reads bytes of unknown origin, and what must hold of it.

use std::{path::Path, sync::Arc};

use mmsb::vfs::{FaultyVfs, Vfs};
use mmsb_delta::BatchView;
use mmsb_tlog::{
    Cursor, LogDir, Manifest, Reader, Scan, SegmentHead, Verification,
    frame::{parse_frame, record_head},
};
use mmsb_types::{PageEvent, crc32c, crc32c_append};

use super::Target;
use crate::torture::{
    lanes::crash::record,
    oracle::{is_typed, told},
    workload::{PATH, Workload, builder},
};

/// Every target but the random operations, which take what is left of a thousand shares.
pub const TARGETS: &[Target] = &[
    Target { name: "manifest", share: 150, seeds: manifests, fix: fix_tail, read: read_manifest },
    Target { name: "segment-head", share: 150, seeds: heads, fix: fix_head, read: read_head },
    Target { name: "frame", share: 200, seeds: frames, fix: fix_record, read: read_frame },
    Target { name: "delta-batch", share: 200, seeds: batches, fix: |_| (), read: read_batch },
    Target { name: "page-events", share: 150, seeds: events, fix: |_| (), read: read_events },
    Target { name: "segment", share: 80, seeds: segments, fix: fix_segment, read: read_segment },
    Target { name: "bus", share: 40, seeds: segments, fix: fix_segment, read: read_bus },
];

const HEAD_BYTES: usize = 64;

/// A store with one of everything, closed.
fn store(seed: u64) -> FaultyVfs {
    record(Workload { seed, operations: 60, stops: true }).map_or_else(|_| FaultyVfs::new(), |run| run.disk)
}

fn files(seed: u64, prefix: &str) -> Vec<Vec<u8>> {
    let disks = (0..3).map(|salt| store(seed ^ salt << 50));
    let of = |disk: FaultyVfs| {
        let named =
            |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
        let paths = disk.files().into_iter().filter(|path| named(path));
        paths.filter_map(|path| disk.bytes(&path).ok()).collect::<Vec<_>>()
    };
    let mut files: Vec<_> = disks.flat_map(of).collect();
    files.push(Vec::new());
    files
}

fn manifests(seed: u64) -> Vec<Vec<u8>> {
    files(seed, "MANIFEST-")
}

fn segments(seed: u64) -> Vec<Vec<u8>> {
    files(seed, "seg-")
}

fn heads(seed: u64) -> Vec<Vec<u8>> {
    segments(seed).into_iter().map(|bytes| bytes.into_iter().take(HEAD_BYTES).collect()).collect()
}

/// Every record of the segments.
fn frames(seed: u64) -> Vec<Vec<u8>> {
    let mut records = vec![Vec::new()];
    for segment in segments(seed) {
        let mut rest = segment.get(HEAD_BYTES..).unwrap_or_default();
        while let Ok(head) = record_head(rest) {
            let (record, behind) = rest.split_at(head.bytes().min(rest.len()));
            records.push(record.to_vec());
            rest = behind;
        }
    }
    records
}

/// Counts of compact and wide entries and of payload bytes, then the columns.
fn batches(seed: u64) -> Vec<Vec<u8>> {
    let all = frames(seed);
    let batch = |record: &Vec<u8>| {
        let batch = parse_frame(record).ok()?.batch;
        let [compact, wide, payload, wide_payload] = batch.columns();
        let counts = [compact.len() / 8, wide.len() / 24, payload.len() + wide_payload.len()];
        let mut bytes: Vec<u8> = counts.iter().flat_map(|&count| (count as u32).to_le_bytes()).collect();
        batch.encode_into(&mut bytes);
        Some(bytes)
    };
    all.iter().filter_map(batch).collect()
}

fn events(seed: u64) -> Vec<Vec<u8>> {
    let all = frames(seed);
    let section = |record: &Vec<u8>| {
        let sections = parse_frame(record).ok()?.sections;
        sections.get(mmsb_tlog::SectionKind::PAGE_EVENTS).map(<[u8]>::to_vec)
    };
    all.iter().filter_map(section).chain([Vec::new()]).collect()
}

fn fix_tail(bytes: &mut [u8]) {
    if let Some(body) = bytes.len().checked_sub(4) {
        let checksum = crc32c(&bytes[..body]);
        bytes[body..].copy_from_slice(&checksum.to_le_bytes());
    }
}

fn fix_head(bytes: &mut [u8]) {
    if let Some(head) = bytes.get_mut(..HEAD_BYTES) {
        fix_tail(head);
    }
}

/// Puts right the checksums of the record that starts the bytes; returns how long it says it is.
fn fix_one(bytes: &mut [u8]) -> Option<usize> {
    let word = u32::from_le_bytes(*bytes.first_chunk()?);
    if word >> 31 == 1 {
        let line = bytes.get_mut(..HEAD_BYTES)?;
        let checksum = crc32c_append(crc32c(&line[..4]), &line[8..]);
        line[4..8].copy_from_slice(&checksum.to_le_bytes());
        return Some(HEAD_BYTES);
    }
    let total = (word as usize).clamp(32, bytes.len().max(32));
    let frame = bytes.get_mut(..total)?;
    let body = crc32c(&frame[32..]);
    frame[24..28].copy_from_slice(&body.to_le_bytes());
    let head = crc32c(&frame[..28]);
    frame[28..32].copy_from_slice(&head.to_le_bytes());
    Some(total)
}

fn fix_record(bytes: &mut [u8]) {
    let _ = fix_one(bytes);
}

/// The head, every record, and the chain in every mark.
fn fix_segment(bytes: &mut [u8]) {
    fix_head(bytes);
    let (mut at, mut chain) = (HEAD_BYTES, 0);
    while let Some(rest) = bytes.get_mut(at..).filter(|rest| rest.len() >= 32) {
        let kind = u16::from_le_bytes([rest[2], rest[3]]);
        if kind == 0x8002 && rest.len() >= HEAD_BYTES {
            rest[56..60].copy_from_slice(&u32::to_le_bytes(chain));
        }
        let Some(record_bytes) = fix_one(rest) else { return };
        let checksum_at = if kind & 0x8000 != 0 { 4 } else { 28 };
        if kind < 0x8002 {
            chain = crc32c_append(chain, &rest[checksum_at..checksum_at + 4]);
        }
        at += record_bytes.next_multiple_of(8);
    }
}

fn read_manifest(bytes: &[u8]) -> Result<(), String> {
    let Ok(manifest) = Manifest::parse(bytes) else { return Ok(()) };
    match Manifest::parse(&manifest.encode()) {
        Ok(again) if again == manifest => Ok(()),
        again => Err(format!("{manifest:?} comes back as {again:?}")),
    }
}

fn read_head(bytes: &[u8]) -> Result<(), String> {
    match SegmentHead::parse(bytes) {
        Ok((head, instance)) if head.encode(instance) != bytes[..HEAD_BYTES] => {
            Err(format!("{head:?} is not it"))
        }
        _ => Ok(()),
    }
}

fn read_frame(bytes: &[u8]) -> Result<(), String> {
    let Ok(head) = record_head(bytes) else { return Ok(()) };
    let Ok(frame) = parse_frame(&bytes[..head.bytes().min(bytes.len())]) else { return Ok(()) };
    let section_bytes: usize = frame.sections.iter().map(|(_, content)| content.len()).sum();
    let entry_count = frame.batch.iter().count();
    if section_bytes > bytes.len() || entry_count > bytes.len() {
        return Err(format!("{section_bytes} bytes of sections and {entry_count} entries"));
    }
    Ok(())
}

fn read_batch(bytes: &[u8]) -> Result<(), String> {
    let Some((counts, columns)) = bytes.split_first_chunk::<12>() else { return Ok(()) };
    let count = |at: usize| u32::from_le_bytes([counts[at], counts[at + 1], counts[at + 2], counts[at + 3]]);
    let Ok(batch) = BatchView::parse(columns, count(0), count(4), count(8)) else { return Ok(()) };
    let mut again = Vec::new();
    batch.encode_into(&mut again);
    let _ = batch.iter().count();
    if again == columns { Ok(()) } else { Err("the columns come back changed".into()) }
}

fn read_events(bytes: &[u8]) -> Result<(), String> {
    let Ok(events) = PageEvent::decode_all(bytes) else { return Ok(()) };
    let mut again = Vec::new();
    events.iter().for_each(|event| event.encode(&mut again));
    if again == bytes { Ok(()) } else { Err(format!("{events:?} come back changed")) }
}

/// A bus of one segment, whatever that holds, of the instance that its head tells.
fn bus_of(segment: &[u8]) -> Option<FaultyVfs> {
    let (head, instance) = SegmentHead::parse(segment).ok()?;
    let manifest = Manifest { segments: vec![head], ..Manifest::first(instance) };
    let disk = FaultyVfs::new();
    disk.create_dir(Path::new(PATH)).ok()?;
    let write = |name: String, bytes: &[u8]| {
        let file = disk.create_new(&Path::new(PATH).join(name)).ok()?;
        file.write_at(0, bytes).ok()
    };
    write(manifest.file_name(), &manifest.encode())?;
    write(head.file_name(), segment)?;
    Some(disk)
}

fn read_segment(bytes: &[u8]) -> Result<(), String> {
    let Some(disk) = bus_of(bytes) else { return Ok(()) };
    let Ok(dir) = LogDir::open(Arc::new(disk), Path::new(PATH)) else { return Ok(()) };
    let _ = Verification::run(&dir);
    let Ok(scan) = Scan::run(&dir) else { return Ok(()) };
    let start = Cursor::first(&dir);
    let mut reader = Reader::new(&dir, start, scan.end.lsn).map_err(|error| error.to_string())?;
    let mut number = start.number;
    while let Some(commit) = reader.next_commit().map_err(|error| format!("behind a good scan: {error}"))? {
        number += 1;
        if commit.epoch.get() != number {
            return Err(format!("{} behind {}", commit.epoch, number - 1));
        }
    }
    if number == scan.end.number {
        Ok(())
    } else {
        Err(format!("{number} read, {} scanned", scan.end.number))
    }
}

fn read_bus(bytes: &[u8]) -> Result<(), String> {
    let Some(disk) = bus_of(bytes) else { return Ok(()) };
    match builder(0).read_on(Arc::new(disk), Path::new(PATH)) {
        Ok(bus) => {
            let violations = bus.check();
            violations
                .first()
                .map_or(Ok(()), |violation| Err(format!("it opens, and is unsound: {violation:?}")))
        }
        Err(error) if is_typed(&error) => Ok(()),
        Err(error) => Err(told("opening", &error)),
    }
}
