//! No bit of a checkpoint can change, and no byte be missing, without a typed error that says where.

use mmsb_tlog::{CheckpointReader, CheckpointRef, LogDir, LogError, checkpoint::verify};
use mmsb_types::PageId;

use super::{
    CURSOR, bus, file_bytes, judge, noise, page, read, set_file_bytes, specimen, write, write_short,
};

/// A checkpoint in short blocks, and its bytes.
fn good() -> (LogDir, CheckpointRef, Vec<u8>) {
    let dir = bus();
    let listed = write_short(&dir, Some(990), &specimen(), b"some metadata").unwrap();
    let bytes = file_bytes(&dir, &listed);
    (dir, listed, bytes)
}

/// Where each part of a checkpoint of short blocks begins.
fn parts(bytes: &[u8]) -> Vec<u64> {
    let starts = |magic: &[u8]| {
        (0..bytes.len()).filter(|&at| bytes[at..].starts_with(magic)).map(|at| at as u64).collect::<Vec<_>>()
    };
    let footer = bytes.len() as u64 - 136;
    let word = |at: u64| u64::from_le_bytes(*bytes[(footer + at) as usize..].first_chunk().unwrap());
    [vec![0], starts(b"MMSBBLK\0"), vec![word(24), word(40), footer]].concat()
}

/// Tells what reading and verifying a damaged file give; both must name it, and a place in the damaged part.
#[track_caller]
fn check_damaged(dir: &LogDir, listed: &CheckpointRef, at: u64, parts: &[u64]) {
    let begin = *parts.iter().rfind(|&&part| part <= at).unwrap();
    let end = parts.iter().find(|&&part| part > at).copied().unwrap_or(listed.bytes);
    let path = dir.checkpoint_path(CURSOR.number);
    match read(dir, listed).unwrap_err() {
        LogError::DamagedCheckpoint { file, offset, .. } => {
            assert_eq!(file, path);
            assert!((begin..end).contains(&offset), "byte {at} is damaged, and {offset} is told");
        }
        error => panic!("byte {at}: {error:?}"),
    }
    let bad = verify(dir, listed).unwrap();
    assert_eq!(bad.len(), 1, "byte {at}: {bad:?}");
    assert!(bad[0].file == path && (begin..end).contains(&bad[0].offset), "byte {at}: {bad:?}");
}

#[test]
fn every_bit_is_covered() {
    let (dir, listed, good) = good();
    let parts = parts(&good);
    let mut bytes = good.clone();
    for bit in 0..good.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        set_file_bytes(&dir, &bytes);
        check_damaged(&dir, &listed, bit as u64 / 8, &parts);
        bytes[bit / 8] = good[bit / 8];
    }
}

#[test]
fn every_truncation_is_told_at_the_files_end() {
    let (dir, listed, good) = good();
    for len in 0..good.len() {
        set_file_bytes(&dir, &good[..len]);
        let expect = format!("cut short: {} bytes needed, {len} there", good.len());
        let error = read(&dir, &listed).unwrap_err();
        assert!(matches!(error, LogError::DamagedCheckpoint { offset, .. } if offset == len as u64));
        assert!(error.to_string().ends_with(&expect), "{error}");
    }
}

#[test]
fn bytes_too_many_are_told() {
    let (dir, listed, mut bytes) = good();
    bytes.extend([0; 8]);
    set_file_bytes(&dir, &bytes);
    assert!(judge(&dir, &listed).contains("cut short"));
}

#[test]
fn a_missing_file_is_damage() {
    let (dir, listed, _) = good();
    dir.vfs().remove(&dir.checkpoint_path(CURSOR.number)).unwrap();
    assert_eq!(judge(&dir, &listed), "damaged checkpoint /bus/ckpt-1000 at offset 0: the file is missing");
    assert_eq!(verify(&dir, &listed).unwrap().len(), 1);
}

#[test]
fn damage_in_one_block_leaves_the_others_readable() {
    let dir = bus();
    let pages: Vec<_> = (1..=6).map(|id| page(id, 1, noise(300, id))).collect();
    let listed = write_short(&dir, None, &pages, b"").unwrap();
    let mut bytes = file_bytes(&dir, &listed);
    let blocks = parts(&bytes)[1..].to_vec();
    bytes[blocks[1] as usize + 70] ^= 1;
    bytes[blocks[3] as usize + 70] ^= 1;
    set_file_bytes(&dir, &bytes);
    let bad: Vec<u64> = verify(&dir, &listed).unwrap().iter().map(|bad| bad.offset).collect();
    assert_eq!(bad, [blocks[1], blocks[3]]);
    let mut reader = CheckpointReader::open(&dir, &listed).unwrap();
    let streamed: Vec<bool> = (0..6).map(|_| reader.next_block().is_ok()).collect();
    assert!(reader.next_block().unwrap().is_none());
    let found: Vec<bool> = (1..=6).map(|id| reader.find(PageId::new(id)).is_ok()).collect();
    assert_eq!((&streamed, found), (&vec![true, false, true, false, true, true], streamed.clone()));
}

/// Whole blocks, each of them good somewhere else.
#[test]
fn a_block_of_another_checkpoint_or_place_is_refused() {
    let (dir, listed, good) = good();
    let blocks = parts(&good)[1..].to_vec();
    let other = bus();
    let mut pages = specimen();
    pages[0].bytes[0] ^= 0xff;
    let other_bytes = file_bytes(&other, &write_short(&other, Some(990), &pages, b"some metadata").unwrap());
    let (from, to) = (blocks[0] as usize, blocks[1] as usize);
    let mut bytes = good.clone();
    bytes[from..to].copy_from_slice(&other_bytes[from..to]);
    set_file_bytes(&dir, &bytes);
    assert_eq!(
        judge(&dir, &listed),
        "damaged checkpoint /bus/ckpt-1000 at offset 72: a block of another place or checkpoint"
    );
}

#[test]
fn a_whole_file_that_the_manifest_does_not_tell_of_is_refused() {
    let (dir, listed, _) = good();
    let other = bus();
    let mut pages = specimen();
    pages[0].bytes[0] ^= 0xff;
    let other_listed = write_short(&other, Some(990), &pages, b"some metadata").unwrap();
    set_file_bytes(&dir, &file_bytes(&other, &other_listed));
    assert_eq!(judge(&dir, &listed), "damaged checkpoint /bus/ckpt-1000 at offset 864: hash mismatch");
    let wrong_parent = CheckpointRef { parent: Some(1), ..other_listed };
    assert_eq!(
        judge(&dir, &wrong_parent),
        "damaged checkpoint /bus/ckpt-1000 at offset 0: the checkpoint's head disagrees with the manifest"
    );
}

#[test]
fn a_byte_of_a_long_block_is_covered() {
    let dir = bus();
    let pages: Vec<_> = (1..=1500).map(|id| page(id, 3, noise(1000, id))).collect();
    let listed = write(&dir, None, &pages, b"").unwrap();
    let good = file_bytes(&dir, &listed);
    for at in [72, 76, 84, 200, 1 << 19, 1_045_000, 1_100_000, good.len() - 200, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        set_file_bytes(&dir, &bytes);
        assert!(judge(&dir, &listed).starts_with("damaged checkpoint"), "byte {at}");
    }
}
