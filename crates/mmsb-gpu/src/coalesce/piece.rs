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

    /// Writes the piece over a line.
    #[inline]
    fn lay(&self, payload: &[u8], line: &mut [u8; 64], mask: &mut u64) {
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

/// Calls `each` with every line, its bytes and which of them are touched. Pieces are sorted.
#[inline]
pub(super) fn each_line(pieces: &[Piece], payload: &[u8], mut each: impl FnMut(u32, &[u8; 64], u64)) {
    let mut rest = pieces.iter();
    let mut next = rest.next();
    while let Some(first) = next {
        let (mut bytes, mut mask) = ([0; 64], 0);
        first.lay(payload, &mut bytes, &mut mask);
        next = rest.next();
        while let Some(piece) = next.filter(|piece| piece.line == first.line) {
            piece.lay(payload, &mut bytes, &mut mask);
            next = rest.next();
        }
        each(first.line, &bytes, mask);
    }
}
