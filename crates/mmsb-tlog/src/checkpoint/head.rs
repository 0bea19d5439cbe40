//! The head of a checkpoint: which bus, which state, and what it builds on.

use mmsb_types::{Lsn, crc32c};

use super::CHECKPOINT_VERSION;
use crate::{
    Cursor, Fault, InstanceId,
    frame::{NUMBER_MAX, u16_at, u32_at, u64_at},
    segment::{HeadFault, check_head},
};

/// Bytes of a checkpoint's head.
pub(super) const HEAD_BYTES: usize = 72;
pub(crate) const MAGIC: [u8; 8] = *b"MMSBCKP\0";
/// Flag: the checkpoint builds on another one.
const BUILDS_ON: u32 = 1;

/// What a checkpoint is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) instance: InstanceId,
    /// Just behind the frame whose state it holds.
    pub(super) cursor: Cursor,
    /// Epoch of the checkpoint it builds on.
    pub(super) parent: Option<u64>,
}

impl Head {
    /// Returns the head's bytes.
    pub(super) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut head = [0; HEAD_BYTES];
        head[..8].copy_from_slice(&MAGIC);
        head[8..10].copy_from_slice(&CHECKPOINT_VERSION.to_le_bytes());
        head[16..32].copy_from_slice(&self.instance.0);
        head[32..40].copy_from_slice(&self.cursor.number.to_le_bytes());
        head[40..48].copy_from_slice(&self.cursor.lsn.get().to_le_bytes());
        head[48..56].copy_from_slice(&self.parent.unwrap_or(0).to_le_bytes());
        head[56..60].copy_from_slice(&self.cursor.chain.to_le_bytes());
        head[60..64].copy_from_slice(&self.flags().to_le_bytes());
        let checksum = crc32c(&head[..HEAD_BYTES - 4]);
        head[HEAD_BYTES - 4..].copy_from_slice(&checksum.to_le_bytes());
        head
    }

    /// Reads a head.
    pub(super) fn parse(head: &[u8; HEAD_BYTES]) -> Result<Self, HeadFault> {
        check_head(head, MAGIC, CHECKPOINT_VERSION)?;
        let reserved = (u16_at(head, 10), u32_at(head, 12), u32_at(head, 64));
        let (parent, flags) = (u64_at(head, 48), u32_at(head, 60));
        let number = u64_at(head, 32);
        let builds_on = flags & BUILDS_ON != 0;
        let fault = |what| Err(HeadFault::Damaged(Fault::Layout(what)));
        if reserved != (0, 0, 0) || flags & !BUILDS_ON != 0 || !builds_on && parent != 0 {
            return fault("a reserved field is not zero");
        }
        if number > NUMBER_MAX || builds_on && parent >= number {
            return fault("an epoch is out of range");
        }
        let cursor = Cursor { lsn: Lsn::new(u64_at(head, 40)), number, chain: u32_at(head, 56) };
        let instance = InstanceId(*head[16..].first_chunk().expect("a head is longer"));
        Ok(Self { instance, cursor, parent: builds_on.then_some(parent) })
    }

    /// Returns what every block repeats of the bus, so that a stray one is known.
    pub(super) fn instance_low(&self) -> [u8; 8] {
        *self.instance.0.first_chunk().expect("an instance has sixteen bytes")
    }

    fn flags(&self) -> u32 {
        if self.parent.is_some() { BUILDS_ON } else { 0 }
    }
}
