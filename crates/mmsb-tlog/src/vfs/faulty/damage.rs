//! What a bad disk does to bytes that were durable.

use std::{io::Result, path::Path};

use super::{FaultyVfs, crash::SECTOR_BYTES};

/// One way in which durable bytes go bad. Sectors have 512 bytes and count from the file's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage<'a> {
    /// One bit is turned, counted from the lowest of the first byte.
    Flip {
        /// Which.
        bit: u64,
    },
    /// A sector reads as zeros.
    Zero {
        /// Which.
        sector: u64,
    },
    /// What was meant for one sector stands in another as well.
    Misdirected {
        /// Whose bytes these are.
        source: u64,
        /// Where they stand.
        target: u64,
    },
    /// A sector was never rewritten: it shows an older state of the file.
    Stale {
        /// Which.
        sector: u64,
        /// The whole file as it was.
        older: &'a [u8],
    },
    /// All of the file is another one, of another store perhaps.
    Replaced {
        /// Its bytes.
        by: &'a [u8],
    },
    /// The file ends too early.
    Cut {
        /// Its length, in bytes.
        len: u64,
    },
}

impl FaultyVfs {
    /// Damages a file as a bad disk would: no call fails, no sync mends it. Bytes past the end stay nothing.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`, as opening the file.
    ///
    /// # Cost
    /// O(file bytes).
    pub fn damage(&self, path: &Path, damage: Damage<'_>) -> Result<()> {
        let mut bytes = self.bytes(path)?;
        damage.change(&mut bytes);
        self.replace(path, &bytes)
    }
}

fn flip(bytes: &mut [u8], bit: u64) {
    if let Some(byte) = bytes.get_mut((bit / 8) as usize) {
        *byte ^= 1 << (bit % 8);
    }
}

impl Damage<'_> {
    fn change(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Flip { bit } => flip(bytes, bit),
            Self::Zero { sector } => overwrite(bytes, sector, &[0; SECTOR_BYTES as usize]),
            Self::Misdirected { source, target } => {
                let source = sector_of(bytes, source).to_vec();
                overwrite(bytes, target, &source);
            }
            Self::Stale { sector, older } => overwrite(bytes, sector, sector_of(older, sector)),
            Self::Replaced { by } => *bytes = by.to_vec(),
            Self::Cut { len } => bytes.truncate(len as usize),
        }
    }
}

fn sector_of(bytes: &[u8], sector: u64) -> &[u8] {
    let start = bytes.len().min((sector * SECTOR_BYTES) as usize);
    &bytes[start..bytes.len().min(start + SECTOR_BYTES as usize)]
}

fn overwrite(bytes: &mut [u8], sector: u64, with: &[u8]) {
    let start = bytes.len().min((sector * SECTOR_BYTES) as usize);
    let count = with.len().min(bytes.len() - start);
    bytes[start..start + count].copy_from_slice(&with[..count]);
}
