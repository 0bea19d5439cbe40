//! Checkpoints put right: blocks, metadata, index, footer.

use mmsb_tlog::{CheckpointRef, Cursor};
use mmsb_types::{Lsn, crc32c, crc32c_append};

use super::{fix_tail, put, u32_at, u64_at};

const HEAD_BYTES: usize = 72;
const FOOTER_BYTES: usize = 136;
const ENTRY_BYTES: usize = 64;
const BLOCK_HEAD_BYTES: usize = 64;

/// Puts right every checksum and hash that the file's own footer and index lead to.
pub(in crate::fuzz) fn fix_checkpoint(file: &mut [u8]) {
    let Some(footer) = file.len().checked_sub(FOOTER_BYTES).filter(|&footer| footer >= HEAD_BYTES) else {
        return;
    };
    fix_tail(&mut file[..HEAD_BYTES]);
    let place = |at: usize| u64_at(file, footer + at).map_or(footer, |at| at.min(footer as u64) as usize);
    let (meta, index) = (place(24), place(40));
    if meta <= index {
        fix_blocks(file, index, footer, meta);
        let (checksum, hash) = (crc32c(&file[meta..index]), blake3::hash(&file[meta..index]));
        put(file, footer + 52, &checksum.to_le_bytes());
        put(file, footer + 64, hash.as_bytes());
    }
    let checksum = crc32c(&file[index..footer]);
    put(file, footer + 56, &checksum.to_le_bytes());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&file[..HEAD_BYTES]).update(&file[index..footer]).update(&file[footer..footer + 96]);
    let hash = *hasher.finalize().as_bytes();
    put(file, footer + 96, &hash);
    fix_tail(&mut file[footer..]);
}

fn fix_blocks(file: &mut [u8], index: usize, footer: usize, meta: usize) {
    for entry in (index..footer).step_by(ENTRY_BYTES) {
        let offset = |entry: usize| u64_at(file, entry + 8).map(|at| at.min(meta as u64) as usize);
        let Some(start) = offset(entry) else { return };
        let end = if entry + ENTRY_BYTES < footer { offset(entry + ENTRY_BYTES) } else { Some(meta) };
        let Some(block) = file.get_mut(start..end.unwrap_or(meta)) else { continue };
        if block.len() < BLOCK_HEAD_BYTES {
            continue;
        }
        let checksum = crc32c_append(crc32c(&block[..12]), &block[16..]).to_le_bytes();
        put(block, 12, &checksum);
        let hash = *blake3::hash(block).as_bytes();
        put(file, entry + 28, &checksum);
        put(file, entry + 32, &hash);
    }
}

/// What a manifest would tell of the file.
pub(in crate::fuzz) fn listed(file: &[u8]) -> Option<CheckpointRef> {
    let footer = file.get(file.len().checked_sub(FOOTER_BYTES)?..)?;
    let (number, lsn) = (u64_at(file, 32)?, Lsn::new(u64_at(file, 40)?));
    let cursor = Cursor { lsn, number, chain: u32_at(file, 56)? };
    let builds_on = u32_at(file, 60)? & 1 == 1;
    let parent = builds_on.then_some(u64_at(file, 48)?);
    let hash = *footer.get(96..)?.first_chunk()?;
    Some(CheckpointRef { cursor, parent, bytes: file.len() as u64, hash })
}
