//! A piece: what a patch makes of one line.

/// What a patch makes of one line. Pieces of one patch that are fills share their payload byte.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    /// The line, counted over all slabs.
    pub line: u32,
    /// Where its bytes are in the payload. It rises with the log within a line, so line and place order pieces fully.
    pub at: u32,
    start: u8,
    len: u8,
    is_fill: bool,
}

impl Piece {
    #[inline]
    pub const fn new(line: u32, at: u32, start: u32, len: u32, is_fill: bool) -> Self {
        Self { line, at, start: start as u8, len: len as u8, is_fill }
    }

    /// Returns where in its line the piece begins, how long it is, and its bytes with zeros behind, if it is at most
    /// eight bytes and no fill. The payload has eight bytes more than pieces need.
    #[inline]
    pub fn short(&self, payload: &[u8]) -> Option<(u32, u32, u64)> {
        if self.len > 8 || self.is_fill {
            return None;
        }
        let bytes = payload[self.at as usize..].first_chunk()?;
        let value = u64::from_le_bytes(*bytes) & (u64::MAX >> (64 - 8 * u32::from(self.len)));
        Some((self.start.into(), self.len.into(), value))
    }

    /// Writes the piece over a line.
    #[inline]
    pub fn lay(&self, payload: &[u8], line: &mut [u8; 64], mask: &mut u64) {
        let (start, len, at) = (usize::from(self.start), usize::from(self.len), self.at as usize);
        *mask |= (u64::MAX >> (64 - len)) << start;
        let into = &mut line[start..start + len];
        match len {
            _ if self.is_fill => into.fill(payload[at]),
            // A copy of a known length is one store.
            8 => into.copy_from_slice(&payload[at..at + 8]),
            4 => into.copy_from_slice(&payload[at..at + 4]),
            _ => into.copy_from_slice(&payload[at..at + len]),
        }
    }
}
