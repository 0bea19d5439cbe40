//! Segments put right: heads, records, and what marks say of the records before them.

use mmsb_types::crc32c_append;

use super::{
    Fixes, KIND_MARK, KIND_SINGLE, KIND_STATE, LINE_BYTES, fix_record, fix_tail, put, u32_at, u64_at,
};

/// What a log amounts to before some place.
struct Before {
    segment: u64,
    lsn: u64,
    number: u64,
    chain: u32,
    instance: [u8; 16],
}

/// Puts right the segments of one log, in their order; the first one's head says where it begins.
pub(in crate::fuzz) fn fix_segments(segments: &mut [Vec<u8>], fixes: Fixes) {
    let Some(mut before) = segments.first().and_then(|first| Before::of(first)) else { return };
    for segment in segments {
        if fixes.places {
            before.put_head(segment);
        }
        if fixes.checksums
            && let Some(head) = segment.get_mut(..LINE_BYTES)
        {
            fix_tail(head);
        }
        let mut at = LINE_BYTES;
        while let Some(rest) = segment.get_mut(at..).filter(|rest| rest.len() >= 32) {
            let Some(record_bytes) = before.fix(rest, fixes, at as u64) else { break };
            at += record_bytes.next_multiple_of(8);
        }
        before.lsn = before.lsn.wrapping_add(segment.len() as u64);
        before.segment = before.segment.wrapping_add(1);
    }
}

impl Before {
    fn of(first: &[u8]) -> Option<Self> {
        Some(Self {
            instance: *first.get(16..)?.first_chunk()?,
            segment: u64_at(first, 32)?,
            number: u64_at(first, 40)?.wrapping_sub(1),
            lsn: u64_at(first, 48)?,
            chain: u32_at(first, 56)?,
        })
    }

    fn put_head(&self, segment: &mut [u8]) {
        put(segment, 16, &self.instance);
        put(segment, 32, &self.segment.to_le_bytes());
        put(segment, 40, &self.number.wrapping_add(1).to_le_bytes());
        put(segment, 48, &self.lsn.to_le_bytes());
        put(segment, 56, &self.chain.to_le_bytes());
    }

    /// Puts one record right and steps over it; returns how long it is.
    fn fix(&mut self, record: &mut [u8], fixes: Fixes, at: u64) -> Option<usize> {
        let word = u32_at(record, 0).filter(|&word| word != 0)?;
        let lsn = self.lsn.wrapping_add(at).to_le_bytes();
        let is_frame = word >> 31 == 0 || (word >> 16) as u16 == KIND_SINGLE;
        match (word >> 16) as u16 {
            KIND_MARK if fixes.places => {
                put(record, 16, &self.instance);
                put(record, 32, &lsn);
                put(record, 40, &self.number.to_le_bytes());
                put(record, 56, &self.chain.to_le_bytes());
            }
            KIND_STATE if fixes.places => {
                put(record, 8, &lsn);
                put(record, 24, &self.instance[..8]);
            }
            _ if is_frame && fixes.numbers => {
                put(record, 8, &self.number.wrapping_add(1).to_le_bytes());
            }
            _ => {}
        }
        self.number = self.number.wrapping_add(is_frame.into());
        if !fixes.checksums {
            let bytes = if word >> 31 == 0 { word as usize } else { LINE_BYTES };
            return (32..=record.len()).contains(&bytes).then_some(bytes);
        }
        let (bytes, chained) = fix_record(record)?;
        if let Some(checksum) = chained {
            self.chain = crc32c_append(self.chain, &checksum.to_le_bytes());
        }
        Some(bytes)
    }
}
