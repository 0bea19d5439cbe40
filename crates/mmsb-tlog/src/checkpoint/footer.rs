//! The footer of a checkpoint, its last bytes: how much is in the file and where, and the file's hash.
//!
//! Invariant: the parts that a footer names lie between head and footer, without gaps, in their order.

use mmsb_types::crc32c;

use super::{META_BYTES_MAX, head::HEAD_BYTES, index::ENTRY_BYTES, padding};
use crate::{
    Fault,
    frame::{u32_at, u64_at},
};

/// Bytes of a checkpoint's footer.
pub(super) const FOOTER_BYTES: usize = 136;
const MAGIC: [u8; 8] = *b"MMSBCKE\0";
/// Where the file's hash stands: it covers what is before.
const HASH_AT: usize = 96;

/// What is in a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    /// Pages in all blocks.
    pub(super) page_count: u64,
    /// Bytes of all pages, as they are in memory.
    pub(super) page_bytes: u64,
    /// Where the metadata starts, right behind the last block.
    pub(super) meta_at: u64,
    /// Bytes of metadata, without padding.
    pub(super) meta_bytes: u64,
    pub(super) block_count: u32,
    /// CRC of the metadata, padding included.
    pub(super) meta_checksum: u32,
    /// CRC of the index.
    pub(super) index_checksum: u32,
    /// BLAKE3 of the metadata, padding included.
    pub(super) meta_hash: [u8; 32],
    /// BLAKE3 of head, index, and the footer up to here.
    pub(super) hash: [u8; 32],
}

impl Footer {
    /// Fills in the hash of a file with this head and index.
    pub(super) fn seal(&mut self, head: &[u8; HEAD_BYTES], index: &[u8]) {
        self.hash = self.hash_with(head, index);
    }

    /// Tells whether the hash is that of a file with this head and index.
    pub(super) fn is_sealed(&self, head: &[u8; HEAD_BYTES], index: &[u8]) -> bool {
        self.hash == self.hash_with(head, index)
    }

    /// Returns the footer's bytes.
    pub(super) fn encode(&self) -> [u8; FOOTER_BYTES] {
        let mut footer = [0; FOOTER_BYTES];
        footer[..8].copy_from_slice(&MAGIC);
        footer[8..16].copy_from_slice(&self.page_count.to_le_bytes());
        footer[16..24].copy_from_slice(&self.page_bytes.to_le_bytes());
        footer[24..32].copy_from_slice(&self.meta_at.to_le_bytes());
        footer[32..40].copy_from_slice(&self.meta_bytes.to_le_bytes());
        footer[40..48].copy_from_slice(&self.index_at().to_le_bytes());
        footer[48..52].copy_from_slice(&self.block_count.to_le_bytes());
        footer[52..56].copy_from_slice(&self.meta_checksum.to_le_bytes());
        footer[56..60].copy_from_slice(&self.index_checksum.to_le_bytes());
        footer[64..96].copy_from_slice(&self.meta_hash);
        footer[HASH_AT..128].copy_from_slice(&self.hash);
        let checksum = crc32c(&footer[..FOOTER_BYTES - 4]);
        footer[FOOTER_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        footer
    }

    /// Reads the footer of a file of `file_bytes`.
    pub(super) fn parse(footer: &[u8; FOOTER_BYTES], file_bytes: u64) -> Result<Self, Fault> {
        if footer[..8] != MAGIC {
            return Err(Fault::Layout("the magic bytes are wrong"));
        }
        let covered = FOOTER_BYTES - 4;
        let (stored, computed) = (u32_at(footer, covered), crc32c(&footer[..covered]));
        if stored != computed {
            return Err(Fault::HeaderChecksum { stored, computed });
        }
        if u32_at(footer, 60) != 0 || u32_at(footer, 128) != 0 {
            return Err(Fault::Layout("a reserved field is not zero"));
        }
        let this = Self {
            page_count: u64_at(footer, 8),
            page_bytes: u64_at(footer, 16),
            meta_at: u64_at(footer, 24),
            meta_bytes: u64_at(footer, 32),
            block_count: u32_at(footer, 48),
            meta_checksum: u32_at(footer, 52),
            index_checksum: u32_at(footer, 56),
            meta_hash: *footer[64..].first_chunk().expect("a footer is longer"),
            hash: *footer[HASH_AT..].first_chunk().expect("a footer is longer"),
        };
        if !this.fits(file_bytes) || u64_at(footer, 40) != this.index_at() {
            return Err(Fault::Layout("the parts that the footer names do not fill the file"));
        }
        Ok(this)
    }

    /// Returns the length of the file.
    pub(super) fn file_bytes(&self) -> u64 {
        self.index_at() + self.index_bytes() + FOOTER_BYTES as u64
    }

    /// Returns where the index starts.
    pub(super) fn index_at(&self) -> u64 {
        self.meta_at + self.meta_padded()
    }

    /// Returns the bytes of the index.
    pub(super) fn index_bytes(&self) -> u64 {
        u64::from(self.block_count) * ENTRY_BYTES as u64
    }

    /// Returns the bytes of the metadata with its padding.
    pub(super) fn meta_padded(&self) -> u64 {
        self.meta_bytes + padding(self.meta_bytes as usize) as u64
    }

    /// Tells whether the parts add up to the file: checked before any of their lengths is used.
    fn fits(&self, file_bytes: u64) -> bool {
        let is_small = self.meta_bytes <= META_BYTES_MAX as u64 && self.meta_at <= file_bytes;
        is_small && self.meta_at >= HEAD_BYTES as u64 && self.file_bytes() == file_bytes
    }

    fn hash_with(&self, head: &[u8; HEAD_BYTES], index: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(head).update(index).update(&self.encode()[..HASH_AT]);
        *hasher.finalize().as_bytes()
    }
}
