//! Marks: what ends a flushed batch, and what tells damage from a torn tail.
//!
//! A mark chains the checksums of all records before it, says where it stands and in which bus, and up to
//! which number everything was durable when it was written. It takes no number.
//!
//! Invariant: a mark counts only if magic, checksum, instance and its own place all match, so that bytes
//! of another log inside a payload never pass for one.

use mmsb_types::{Lsn, crc32c_append};

use crate::{
    Fault, InstanceId,
    frame::{KIND_MARK, NUMBER_MAX, line_checksum, u16_at, u32_at, u64_at},
};

/// Bytes of a mark.
pub const MARK_BYTES: usize = 64;
/// Bytes 8..16 of every mark.
pub(crate) const MARK_MAGIC: [u8; 8] = *b"MMSBMARK";
const FLAG_CLOSING: u16 = 1;

/// The end of a flushed batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where the mark itself stands.
    pub lsn: Lsn,
    /// Number of the last frame before it.
    pub number: u64,
    /// Last number known to be durable when the mark was written.
    pub synced_through: u64,
    /// Chained checksum of all frames since the log's birth.
    pub chain: u32,
    /// Written by a clean stop: the log ends here on purpose.
    pub closing: bool,
}

impl Mark {
    /// Returns the mark's bytes.
    #[must_use]
    pub fn encode(&self, instance: InstanceId) -> [u8; MARK_BYTES] {
        let mut line = [0; MARK_BYTES];
        line[0..2].copy_from_slice(&(MARK_BYTES as u16).to_le_bytes());
        line[2..4].copy_from_slice(&KIND_MARK.to_le_bytes());
        line[8..16].copy_from_slice(&MARK_MAGIC);
        line[16..32].copy_from_slice(&instance.0);
        line[32..40].copy_from_slice(&self.lsn.get().to_le_bytes());
        line[40..48].copy_from_slice(&self.number.to_le_bytes());
        line[48..56].copy_from_slice(&self.synced_through.to_le_bytes());
        line[56..60].copy_from_slice(&self.chain.to_le_bytes());
        line[60..62].copy_from_slice(&(u16::from(self.closing) * FLAG_CLOSING).to_le_bytes());
        let checksum = line_checksum(&line);
        line[4..8].copy_from_slice(&checksum.to_le_bytes());
        line
    }

    /// Reads the mark that stands at `lsn` of the bus `instance`.
    ///
    /// # Errors
    /// A [`Fault`] if the bytes are no mark, or one of another place or bus.
    pub fn parse(line: &[u8], instance: InstanceId, lsn: Lsn) -> Result<Self, Fault> {
        if line.len() < MARK_BYTES {
            return Err(Fault::CutShort { need: MARK_BYTES as u64, have: line.len() as u64 });
        }
        let line = &line[..MARK_BYTES];
        let head = (u16_at(line, 0), u16_at(line, 2));
        if head != (MARK_BYTES as u16, KIND_MARK) || line[8..16] != MARK_MAGIC {
            return Err(Fault::Layout("no mark stands here"));
        }
        let (stored, computed) = (u32_at(line, 4), line_checksum(line));
        if stored != computed {
            return Err(Fault::BodyChecksum { stored, computed });
        }
        if line[16..32] != instance.0 || u64_at(line, 32) != lsn.get() {
            return Err(Fault::Stray);
        }
        let (number, synced_through) = (u64_at(line, 40), u64_at(line, 48));
        if number > NUMBER_MAX || synced_through > number {
            return Err(Fault::Layout("a mark's numbers are impossible"));
        }
        let flags = u16_at(line, 60);
        if flags & !FLAG_CLOSING != 0 || u16_at(line, 62) != 0 {
            return Err(Fault::Layout("an unknown flag of a mark is set"));
        }
        Ok(Self { lsn, number, synced_through, chain: u32_at(line, 56), closing: flags == FLAG_CLOSING })
    }

    /// Tells whether damaged bytes were probably the mark at `lsn`: two of its four fixed fields are there.
    ///
    /// Strict, because taking a frame for a mark may refuse a legal end; the other error loses nothing that
    /// was durable.
    #[must_use]
    pub(crate) fn looks_like(line: &[u8], instance: InstanceId, lsn: Lsn) -> bool {
        if line.len() < MARK_BYTES {
            return false;
        }
        let head = (u16_at(line, 0), u16_at(line, 2)) == (MARK_BYTES as u16, KIND_MARK);
        let fields =
            [head, line[8..16] == MARK_MAGIC, line[16..32] == instance.0, u64_at(line, 32) == lsn.get()];
        fields.iter().filter(|&&is_there| is_there).count() >= 2
    }
}

/// Returns the chain value after one more record.
#[must_use]
pub fn chain(chain: u32, record_checksum: u32) -> u32 {
    crc32c_append(chain, &record_checksum.to_le_bytes())
}
