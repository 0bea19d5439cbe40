//! A piece: what a patch makes of one line.

/// Bytes that a piece holds itself.
pub(super) const HELD_BYTES: u32 = 8;

/// A line with room behind it, so that eight bytes may be written from wherever a piece begins.
pub(super) type Canvas = [u8; 72];

/// What a patch makes of one line: 16 bytes, which sorting moves at once. Up to eight bytes lie in the piece, so whoever
/// comes by in another order need not look for them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    /// The line, counted over all slabs.
    pub line: u32,
    start: u8,
    len: u8,
    /// Its bytes with zeros behind, or, if they are more than eight, where in the payload they begin.
    value: u64,
}

impl Piece {
    /// Makes a piece of at most eight bytes; those behind `len` are zero in `value`.
    #[inline]
    pub const fn held(line: u32, start: u32, len: u32, value: u64) -> Self {
        Self { line, start: start as u8, len: len as u8, value }
    }

    /// Makes a piece of bytes that begin at `at` in the payload.
    #[inline]
    pub fn of(line: u32, start: u32, at: usize, payload: &[u8]) -> Self {
        let is_held = payload.len() <= HELD_BYTES as usize;
        let value = if is_held {
            payload.iter().rev().fold(0, |value, byte| (value << 8) | u64::from(*byte))
        } else {
            at as u64
        };
        Self { line, start: start as u8, len: payload.len() as u8, value }
    }

    /// Tells whether the piece holds its bytes.
    #[inline]
    pub const fn is_short(&self) -> bool {
        self.len as u32 <= HELD_BYTES
    }

    /// Returns where in its line a short piece begins, how long it is, and its bytes.
    #[inline]
    pub fn short(&self) -> (u32, u32, u64) {
        (self.start.into(), self.len.into(), self.value)
    }

    /// Writes the piece over a line.
    #[inline]
    pub fn lay(&self, payload: &[u8], line: &mut Canvas, mask: &mut u64) {
        let (start, len) = (usize::from(self.start % 64), usize::from(self.len));
        *mask |= (u64::MAX >> (64 - len)) << start;
        if !self.is_short() {
            let at = self.value as usize;
            line[start..start + len].copy_from_slice(&payload[at..at + len]);
        } else if let Some(word) = line[start..].first_chunk_mut() {
            let kept = u64::from_le_bytes(*word) & !low_bytes(len as u32);
            *word = (kept | self.value).to_le_bytes();
        }
    }
}

/// Returns a mask of so many bytes, one to eight.
#[inline]
pub(super) const fn low_bytes(count: u32) -> u64 {
    u64::MAX >> (64 - 8 * count)
}
