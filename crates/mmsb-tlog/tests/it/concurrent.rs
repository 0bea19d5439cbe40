//! Many committers at once: every frame in the log, whole, in the order of its number.

use std::path::Path;

use mmsb_delta::Patch;
use mmsb_tlog::{
    Cursor, Log, LogDir, LogOptions, Reader, Scan, SectionKind, Tail, Verification,
    vfs::{MemoryVfs, OsVfs, Vfs},
};
use mmsb_types::Durability;

use crate::common::{Content, at_once, create, try_commit, try_open};

const THREADS: u64 = 4;

/// A commit that tells its maker and its turn, and repeats a byte `bytes` times.
fn content(maker: u64, turn: u64, bytes: usize) -> Content {
    let (byte, label) = ((maker * 31 + turn) as u8, maker << 32 | turn);
    Content::default()
        .section(SectionKind::LABEL, &label.to_le_bytes())
        .patch(maker + 1, Patch::Bytes { offset: turn as u32, bytes: &vec![byte; bytes] })
}

/// The one door: four threads commit frames of the sizes that `bytes_of` tells; all come back.
#[track_caller]
fn check(vfs: impl Vfs, path: &Path, options: LogOptions, turns: u64, bytes_of: fn(u64) -> usize) {
    let dir = create(vfs, path);
    let log = try_open(&dir, options).unwrap();
    at_once(THREADS as usize, |maker| work(&log, maker as u64, turns, bytes_of));
    assert_eq!(log.published(), THREADS * turns);
    log.close().unwrap();
    assert_eq!(log.reached(THREADS * turns), Durability::Synced);
    drop(log);
    check_read_back(&dir, turns, bytes_of);
}

fn work(log: &Log, maker: u64, turns: u64, bytes_of: fn(u64) -> usize) {
    let mut last = 0;
    for turn in 0..turns {
        let number = try_commit(log, &content(maker, turn, bytes_of(turn))).unwrap();
        assert!(number > last, "a thread's own numbers rise");
        last = number;
        match turn % 37 {
            5 => log.wait(number, Durability::Written).unwrap(),
            11 => log.wait(number, Durability::Synced).unwrap(),
            _ => {}
        }
    }
}

fn check_read_back(dir: &LogDir, turns: u64, bytes_of: fn(u64) -> usize) {
    let scan = Scan::run(dir).unwrap();
    assert_eq!(scan.tail, Tail::Clean { closed: true });
    assert_eq!(scan.synced_through, THREADS * turns);
    assert_eq!(Verification::run(dir).unwrap().bad, []);
    let mut reader = Reader::new(dir, Cursor::first(dir), scan.end.lsn).unwrap();
    let mut turn_of = [0; THREADS as usize];
    let mut number = 0;
    while let Some(commit) = reader.next_commit().unwrap() {
        number += 1;
        assert_eq!(commit.epoch.get(), number);
        let label = commit.frame.sections.get(SectionKind::LABEL).unwrap();
        let label = u64::from_le_bytes(label.try_into().unwrap());
        let (maker, turn) = (label >> 32, label & 0xffff_ffff);
        assert_eq!(turn, turn_of[maker as usize], "a thread's own commits are in order");
        turn_of[maker as usize] += 1;
        let (page, patch) = commit.frame.batch.iter().next().unwrap();
        assert_eq!(page.get(), maker + 1);
        let expect = vec![(maker * 31 + turn) as u8; bytes_of(turn)];
        assert_eq!(patch, Patch::Bytes { offset: turn as u32, bytes: &expect });
    }
    assert_eq!(number, THREADS * turns);
}

#[test]
fn short_frames_of_four_threads_wrap_the_ring_many_times() {
    check(MemoryVfs::new(), Path::new("/bus"), LogOptions::default(), 30_000, |turn| {
        1 + (turn % 90) as usize
    });
}

#[test]
fn mixed_frames_wrap_the_smallest_ring() {
    let options = LogOptions { ring_bytes: 0, ..LogOptions::default() };
    check(MemoryVfs::new(), Path::new("/bus"), options, 300, |turn| (turn * 677 % 65_000 + 1) as usize);
}

#[test]
fn boxed_frames_go_between_short_ones() {
    let bytes_of = |turn: u64| if turn.is_multiple_of(3) { 200_000 } else { 100 };
    check(MemoryVfs::new(), Path::new("/bus"), LogOptions::default(), 60, bytes_of);
}

#[test]
fn boxed_frames_longer_than_their_budget_go_alone() {
    let options = LogOptions { box_bytes: 1 << 20, ..LogOptions::default() };
    let bytes_of = |turn: u64| if turn.is_multiple_of(4) { 3 << 20 } else { 70_000 };
    check(MemoryVfs::new(), Path::new("/bus"), options, 8, bytes_of);
}

#[test]
fn frames_past_the_default_budget_come_back_from_the_systems_disk() {
    let root = tempfile::tempdir().unwrap();
    let bytes_of = |turn: u64| if turn == 1 { 12 << 20 } else { 1 + (turn * 7_919 % 100_000) as usize };
    check(OsVfs, &root.path().join("bus"), LogOptions::default(), 40, bytes_of);
}
