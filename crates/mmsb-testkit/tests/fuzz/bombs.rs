//! Files made to hurt, each small, each telling of much: refused, or read, within the bounds of every input.

use std::{path::Path, sync::Arc};

use mmsb::{
    Bus, Epoch, Error,
    vfs::{FaultyVfs, Vfs},
};
use mmsb_delta::{DeltaBatch, Patch};
use mmsb_tlog::{
    CheckpointRef, Cursor, FrameBuf, InstanceId, LogDir, Manifest, SectionBuf, SectionKind, SegmentHead,
    vfs::faulty::CallKind,
};
use mmsb_types::{Lsn, PageEvent, PageId, PageLocation, crc32c};

use super::{alone, bounded};

const PATH: &str = "bus";
const INSTANCE: InstanceId = InstanceId(*b"a bus to hurt...");
const LONGEST: u32 = 16 << 20;

/// A disk with a bus of these files.
fn disk(manifest: &Manifest, segment: &[u8]) -> FaultyVfs {
    let disk = FaultyVfs::new();
    disk.create_dir(Path::new(PATH)).unwrap();
    let put = |name: String, bytes: &[u8]| {
        disk.create_new(&Path::new(PATH).join(name)).unwrap().write_at(0, bytes).unwrap();
    };
    put(manifest.file_name(), &manifest.encode());
    put(manifest.segments[0].file_name(), segment);
    disk
}

/// Opens the bus with room for 100 MB of pages.
fn open(disk: &FaultyVfs) -> Result<Bus, Error> {
    let builder = Bus::builder().ring_bytes(0).page_bytes_max(100 << 20);
    builder.read_on(Arc::new(disk.clone()), Path::new(PATH))
}

/// A segment with these records.
fn segment(records: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let head = SegmentHead::FIRST.encode(INSTANCE);
    [&head[..], &records.into_iter().flatten().collect::<Vec<_>>()].concat()
}

/// A commit that creates so many of the longest pages, from `first` on, all of one byte.
fn creation(number: u64, first: u64, count: u64, byte: u8) -> Vec<u8> {
    let (mut events, mut batch, mut sections) = (Vec::new(), DeltaBatch::default(), SectionBuf::default());
    for page in (first..first + count).map(PageId::new) {
        let location = PageLocation::Host;
        PageEvent::Created { page, page_bytes: LONGEST, location, name: None }.encode(&mut events);
        batch.push(page, Patch::PageFill { page_bytes: LONGEST, byte });
    }
    if count > 0 {
        sections.push(SectionKind::PAGE_EVENTS, &events);
    }
    let mut frame = FrameBuf::default();
    frame.encode(&sections, batch.view(), u32::MAX).unwrap();
    frame.seal(number);
    frame.bytes().to_vec()
}

#[test]
fn a_log_of_a_few_kilobytes_that_tells_of_terabytes_is_refused() {
    let _alone = alone();
    for byte in [0, 7] {
        let bytes = segment([creation(1, 1, 100_000, byte)]);
        let disk = disk(&Manifest::first(INSTANCE), &bytes);
        bounded("pages of one byte", bytes.len(), || {
            assert!(matches!(open(&disk), Err(Error::OutOfMemory { .. })));
        });
    }
}

/// Two of the longest pages, of one byte each: the checkpoint has less than a kilobyte, the log little more.
#[test]
fn a_checkpoint_that_tells_of_more_than_there_may_be_is_refused() {
    let _alone = alone();
    let disk = FaultyVfs::new();
    let bus = Bus::builder().ring_bytes(0).prewrite(false).instance_id(INSTANCE.0);
    let bus = bus.create_on(Arc::new(disk.clone()), Path::new(PATH)).unwrap();
    let mut tx = bus.begin();
    for byte in 0..2 {
        let page = tx.create_page(None, LONGEST as usize).unwrap();
        tx.capture(page, vec![byte; LONGEST as usize]).unwrap();
    }
    tx.commit().unwrap();
    assert!(bus.checkpoint().unwrap().file_bytes < 2000);
    bus.stop().unwrap();
    let limit = Bus::builder().page_bytes_max(u64::from(LONGEST));
    let refused = || limit.read_on(Arc::new(disk.clone()), Path::new(PATH));
    bounded("fills", 4000, || assert!(matches!(refused(), Err(Error::OutOfMemory { .. }))));
    let limit = Bus::builder().page_bytes_max(2 * u64::from(LONGEST));
    limit.read_on(Arc::new(disk), Path::new(PATH)).unwrap();
}

#[test]
fn frames_that_tell_of_lengths_that_are_not_there_cost_nothing() {
    let _alone = alone();
    let frame = |bytes: u32, number: u64| {
        let mut head = [0; 32];
        head[..4].copy_from_slice(&bytes.to_le_bytes());
        head[8..16].copy_from_slice(&number.to_le_bytes());
        let checksum = crc32c(&head[..28]);
        head[28..].copy_from_slice(&checksum.to_le_bytes());
        head.to_vec()
    };
    for count in [1, 20_000] {
        let bytes = segment((1..=count).map(|number| frame(1 << 28, number)));
        let disk = disk(&Manifest::first(INSTANCE), &bytes);
        bounded("frames of 256 MiB", bytes.len(), || assert_eq!(open(&disk).unwrap().epoch().get(), 0));
    }
}

#[test]
fn a_manifest_of_every_segment_there_can_be_is_read_within_bounds() {
    let _alone = alone();
    let heads = |count: u64| {
        let head =
            |n: u64| SegmentHead { segment: n, first_lsn: Lsn::new(64 * n - 64), ..SegmentHead::FIRST };
        (1..=count).map(head).collect::<Vec<_>>()
    };
    let manifest = Manifest { segments: heads(1 << 20), ..Manifest::first(INSTANCE) };
    let bytes = manifest.encode();
    bounded("a million segments", bytes.len(), || {
        assert_eq!(Manifest::parse(&bytes).unwrap().segments.len(), 1 << 20);
    });
    let first = segment([]);
    let disk = disk(&manifest, &first);
    bounded("a million segments, one of them there", bytes.len(), || {
        assert!(matches!(open(&disk), Err(Error::Corrupt { .. })));
    });
    let mut more = Manifest { segments: heads((1 << 20) + 1), ..Manifest::first(INSTANCE) }.encode();
    bounded("a million and one", more.len(), || assert!(Manifest::parse(&more).is_err()));
    more.truncate(4096);
    let covered = more.len() - 4;
    let checksum = crc32c(&more[..covered]).to_le_bytes();
    more[covered..].copy_from_slice(&checksum);
    bounded("a count without its segments", more.len(), || assert!(Manifest::parse(&more).is_err()));
}

/// Checkpoints `first..=last` of a log of short commits, in chains of `length`; none is there.
fn checkpoints(first: u64, last: u64, length: u64) -> Vec<CheckpointRef> {
    let checkpoint = |number: u64| {
        let cursor = Cursor { lsn: Lsn::new(64 * number), number, chain: 0 };
        let parent = (number % length != 1 && length > 1).then_some(number - 1);
        CheckpointRef { cursor, parent, bytes: 500, hash: [9; 32] }
    };
    (first..=last).map(checkpoint).collect()
}

/// As many checkpoints as there can be, none of them there, in chains of one length.
#[test]
fn chains_as_long_as_they_can_be_are_judged_in_time() {
    let _alone = alone();
    for (length, is_possible) in [(1, true), (256, true), (257, false), (1 << 16, false)] {
        let checkpoints = checkpoints(1, 1 << 16, length);
        let manifest = Manifest { checkpoints, ..Manifest::first(INSTANCE) };
        let bytes = manifest.encode();
        bounded("checkpoints", bytes.len(), || {
            assert_eq!(Manifest::parse(&bytes).is_ok(), is_possible, "{length}");
        });
        let disk = disk(&manifest, &segment([]));
        bounded("a bus of them", bytes.len(), || {
            // One that is possible tells of commits that the log lacks.
            let refused = open(&disk);
            assert!(matches!(refused, Err(Error::Truncated { .. })) == is_possible, "{refused:?}");
            assert!(matches!(refused, Err(Error::Corrupt { .. })) != is_possible, "{refused:?}");
        });
        // Manifest, names, one checkpoint, manifest again, and the log: however many there are.
        assert!(disk.call_count() < 100, "{} calls", disk.call_count());
    }
}

/// The same, in a log that is whole: looking back goes past them, too.
#[test]
fn a_bus_whose_checkpoints_are_all_gone_is_read_in_as_many_steps_as_one_without() {
    let _alone = alone();
    // Of 32 bytes each: the last checkpoint's place is in the log.
    let count = 140_000;
    let bytes = segment((1..=count).map(|number| creation(number, 1, 0, 0)));
    let manifest = Manifest { checkpoints: checkpoints(1, 1 << 16, 256), ..Manifest::first(INSTANCE) };
    let disk = disk(&manifest, &bytes);
    let bus = open(&disk).unwrap();
    assert_eq!(bus.epoch().get(), count);
    let opened = disk.call_count();
    assert!(opened < 200, "{opened} calls to open");
    assert_eq!(bus.at(Epoch::new(1 << 16)).unwrap().epoch().get(), 1 << 16);
    assert!(disk.call_count() - opened < 200, "{} calls to look back", disk.call_count() - opened);
}

/// One checkpoint that is whole, and thousands that build on it and are not: it is read a few times.
#[test]
fn what_many_damaged_checkpoints_build_on_is_read_a_few_times() {
    let _alone = alone();
    let disk = FaultyVfs::new();
    let bus = Bus::builder().ring_bytes(0).prewrite(false).instance_id(INSTANCE.0);
    let bus = bus.create_on(Arc::new(disk.clone()), Path::new(PATH)).unwrap();
    bus.create_page("page", 64).unwrap();
    let base = bus.checkpoint().unwrap().epoch.get();
    bus.stop().unwrap();
    let mut manifest =
        LogDir::open(Arc::new(disk.clone()), Path::new(PATH)).unwrap().manifest().as_ref().clone();
    let mut tips = checkpoints(1000, 6000, 1);
    tips.iter_mut().for_each(|tip| tip.parent = Some(base));
    for tip in &tips {
        let file = disk.create_new(&Path::new(PATH).join(tip.file_name())).unwrap();
        file.write_at(0, &[7; 500]).unwrap();
    }
    (manifest.generation, manifest.checkpoints) = (9, [manifest.checkpoints, tips].concat());
    let file = disk.create_new(&Path::new(PATH).join(manifest.file_name())).unwrap();
    file.write_at(0, &manifest.encode()).unwrap();
    disk.list_calls();
    // The log ends before the places of the thousands: that is damage, and nothing is taken for the state.
    assert!(matches!(open(&disk), Err(Error::Corrupt { .. } | Error::Truncated { .. })));
    let path = Path::new(PATH).join(CheckpointRef::name_of(base));
    let calls = disk.take_calls();
    let opened = calls.iter().filter(|call| call.kind == CallKind::Open && *call.path == *path).count();
    assert!((1..10).contains(&opened), "{opened} times");
    assert!(calls.len() < 1000, "{} calls", calls.len());
}

#[test]
fn a_name_as_long_as_its_length_can_tell_is_refused() {
    let _alone = alone();
    let mut event = vec![3, 0, 0xff, 0xff];
    event.extend([0; 4]);
    event.extend(1u64.to_le_bytes());
    event.extend([b'x'; 65_536]);
    bounded("a name", event.len(), || assert!(PageEvent::decode_all(&event).is_err()));
}
