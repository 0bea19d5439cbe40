//! The log's first 32 bytes, and what must hold of them.
//!
//! Bytes, all numbers big-endian: magic 0..4, whose lowest bit says how checksums read their words;
//! version 4..8; page size 8..12; number of checkpoints 12..16; salts 16..24; checksum 24..32.

use super::{
    checksum::{Checksum, WordOrder},
    frame,
};
use crate::sqlite::{Database, Input, SqliteError, is_page_size};

const HEADER_BYTES: usize = 32;

const MAGIC_LITTLE: u32 = 0x377f_0682;
const MAGIC_BIG: u32 = 0x377f_0683;
const VERSION: u32 = 3_007_000;

/// The checked header of a write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalHeader {
    pub(super) order: WordOrder,
    pub(super) page_bytes: u32,
    pub(super) salts: [u8; 8],
    pub(super) checksum: Checksum,
}

impl WalHeader {
    /// Returns the page size in bytes.
    #[must_use]
    pub fn page_bytes(&self) -> u32 {
        self.page_bytes
    }

    /// Returns the length of a frame in bytes: its head and one page.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        frame::HEAD_BYTES + self.page_bytes as usize
    }

    /// Returns the length in bytes of a log of so many frames, this header included.
    #[must_use]
    pub fn log_bytes(&self, frame_count: u64) -> u64 {
        HEADER_BYTES as u64 + frame_count * self.frame_bytes() as u64
    }

    /// Reads and checks the header at the input's start.
    pub(super) fn read(input: &mut Input) -> Result<Self, SqliteError> {
        let mut bytes = [0; HEADER_BYTES];
        let file_bytes = input.fill(&mut bytes)?;
        // A short header is a short file only if no error cut it short.
        input.fill(&mut bytes[file_bytes..])?;
        let path = || input.path().to_owned();
        match file_bytes {
            HEADER_BYTES => Self::decode(&bytes, input),
            0 => Err(SqliteError::WalEmpty { path: path() }),
            _ => Err(SqliteError::WalHeaderCut { path: path(), file_bytes }),
        }
    }

    /// Refuses a base of another page size; an empty one goes with any log.
    pub(super) fn check_base(&self, base: &Database, input: &Input) -> Result<(), SqliteError> {
        match base.page_bytes() {
            Some(page_bytes) if page_bytes != self.page_bytes => Err(SqliteError::PageBytesDiffer {
                path: input.path().to_owned(),
                wal_page_bytes: self.page_bytes,
                database: base.path().to_owned(),
                page_bytes,
            }),
            _ => Ok(()),
        }
    }

    /// The magic comes first, since it tells another kind of file from a damaged log; the checksum
    /// comes before the page size, since a flipped bit is better called so than a strange size.
    fn decode(bytes: &[u8; HEADER_BYTES], input: &Input) -> Result<Self, SqliteError> {
        let path = || input.path().to_owned();
        let ([magic, version, page_bytes, ..], _) = words(bytes);
        let order = match magic {
            MAGIC_LITTLE => WordOrder::Little,
            MAGIC_BIG => WordOrder::Big,
            value => return Err(SqliteError::WalMagic { path: path(), value }),
        };
        if version != VERSION {
            return Err(SqliteError::WalVersion { path: path(), value: version });
        }
        let (_, [_, _, salts, stored]) = words(bytes);
        let checksum = Checksum::stored(&stored);
        let computed = Checksum::ZERO.over(order, &bytes[..24]);
        if computed != checksum {
            let (stored, computed) = (checksum.value(), computed.value());
            return Err(SqliteError::WalHeaderChecksum { path: path(), stored, computed });
        }
        if !is_page_size(page_bytes) {
            return Err(SqliteError::PageBytes { path: path(), offset: 8, value: page_bytes });
        }
        Ok(Self { order, page_bytes, salts, checksum })
    }
}

/// Splits the header into eight numbers, and into four eights of bytes.
fn words(bytes: &[u8; HEADER_BYTES]) -> ([u32; 8], [[u8; 8]; 4]) {
    let four = |at: usize| std::array::from_fn(|index| bytes[at + index]);
    let eight = |at: usize| std::array::from_fn(|index| bytes[at + index]);
    let numbers = std::array::from_fn(|index| u32::from_be_bytes(four(index * 4)));
    (numbers, std::array::from_fn(|index| eight(index * 8)))
}
