//! State marks: a record that tells the hash of a state, so that a replay can be held against the original.
//!
//! It takes no number, enters no chain, and stands anywhere behind the frame that made the state.
//!
//! Invariant: like a mark it counts only where it was written: its own place and its bus are in it.

use mmsb_types::Lsn;

use crate::{
    Fault, InstanceId,
    frame::{KIND_STATE, NUMBER_MAX, line_checksum, u16_at, u32_at, u64_at},
};

/// Bytes of a state mark.
pub const STATE_MARK_BYTES: usize = 64;

/// The hash of a state, as the log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateMark {
    /// Where the record itself stands.
    pub lsn: Lsn,
    /// The state's number; its frame is before the record.
    pub number: u64,
    /// The state's hash, as whoever wrote it defines it.
    pub hash: [u8; 32],
}

impl StateMark {
    /// Returns the record's bytes.
    #[must_use]
    pub fn encode(&self, instance: InstanceId) -> [u8; STATE_MARK_BYTES] {
        let mut line = [0; STATE_MARK_BYTES];
        line[0..2].copy_from_slice(&(STATE_MARK_BYTES as u16).to_le_bytes());
        line[2..4].copy_from_slice(&KIND_STATE.to_le_bytes());
        line[8..16].copy_from_slice(&self.lsn.get().to_le_bytes());
        line[16..24].copy_from_slice(&self.number.to_le_bytes());
        line[24..32].copy_from_slice(&instance.0[..8]);
        line[32..64].copy_from_slice(&self.hash);
        let checksum = line_checksum(&line);
        line[4..8].copy_from_slice(&checksum.to_le_bytes());
        line
    }

    /// Reads the state mark that stands at `lsn` of the bus `instance`.
    ///
    /// # Errors
    /// A [`Fault`] if the bytes are no state mark, or one of another place or bus.
    pub fn parse(line: &[u8], instance: InstanceId, lsn: Lsn) -> Result<Self, Fault> {
        let Some(line) = line.first_chunk::<STATE_MARK_BYTES>() else {
            return Err(Fault::CutShort { need: STATE_MARK_BYTES as u64, have: line.len() as u64 });
        };
        if !has_head(line) {
            return Err(Fault::Layout("no state mark stands here"));
        }
        let (stored, computed) = (u32_at(line, 4), line_checksum(line));
        if stored != computed {
            return Err(Fault::BodyChecksum { stored, computed });
        }
        if line[24..32] != instance.0[..8] || u64_at(line, 8) != lsn.get() {
            return Err(Fault::Stray);
        }
        let (number, hash) = (u64_at(line, 16), *line[32..].first_chunk().expect("the line is 64 bytes"));
        if number > NUMBER_MAX {
            return Err(Fault::Layout("a state mark's number is impossible"));
        }
        Ok(Self { lsn, number, hash })
    }

    /// Tells whether the first 32 bytes of a line name this place of this bus.
    #[must_use]
    pub(crate) fn has_place(line: &[u8], instance: InstanceId, lsn: Lsn) -> bool {
        line.len() >= 32 && line[24..32] == instance.0[..8] && u64_at(line, 8) == lsn.get()
    }

    /// Tells whether damaged bytes were probably the state mark at `lsn`: two of its three fixed fields are
    /// there.
    #[must_use]
    pub(crate) fn looks_like(line: &[u8], instance: InstanceId, lsn: Lsn) -> bool {
        let Some(line) = line.first_chunk::<STATE_MARK_BYTES>() else { return false };
        let fields = [has_head(line), line[24..32] == instance.0[..8], u64_at(line, 8) == lsn.get()];
        fields.iter().filter(|&&is_there| is_there).count() >= 2
    }
}

fn has_head(line: &[u8; STATE_MARK_BYTES]) -> bool {
    (u16_at(line, 0), u16_at(line, 2)) == (STATE_MARK_BYTES as u16, KIND_STATE)
}
