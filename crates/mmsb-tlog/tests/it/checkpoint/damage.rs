//! No bit of a checkpoint can change, and no byte be missing, without a typed error that says where.

mod apart;

use mmsb_tlog::{CheckpointRef, LogDir, LogError, checkpoint::verify};

use super::{CURSOR, bus, file_bytes, judge, read, set_file_bytes, specimen, write_short};

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
