//! How one page is stored: as one byte repeated, as runs, or as its bytes.
//!
//! The choice depends on nothing but the page's bytes, and must cost little where there is nothing to gain:
//! lines of 64 bytes are looked at, and of a line that is not one byte repeated mostly its first word alone.
//!
//! 1. A page that is one byte repeated is a fill.
//! 2. One of at least 256 bytes is stored as runs if that takes three quarters of its length or less; runs of
//!    one repeated byte are whole lines.
//! 3. All others are stored as they are.

use super::runs;

/// Bytes that are looked at together.
pub(super) const LINE_BYTES: usize = 64;
/// Shorter pages are not stored as runs.
const RUNS_FROM_BYTES: usize = 4 * LINE_BYTES;

/// How a page is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageForm {
    /// As its bytes.
    Bytes,
    /// As one byte, repeated: a page of zeros, for example, that was never written to.
    Fill(u8),
    /// As runs of one repeated byte and of bytes.
    Runs,
}

impl PageForm {
    /// Returns the form's number in the file.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Bytes => 0,
            Self::Fill(_) => 1,
            Self::Runs => 2,
        }
    }
}

/// Chooses how to store a page; if as runs, they are in `out` afterwards.
pub(super) fn choose(page: &[u8], out: &mut Vec<u8>) -> PageForm {
    let Some(&first) = page.first() else { return PageForm::Bytes };
    let (lines, tail) = page.as_chunks::<LINE_BYTES>();
    let (mut repeated_count, mut same_count) = (0, 0);
    for line in lines {
        if let Some(byte) = repeated(line) {
            repeated_count += 1;
            same_count += usize::from(byte == first);
        }
    }
    if same_count == lines.len() && tail.iter().all(|&byte| byte == first) {
        return PageForm::Fill(first);
    }
    let most = page.len() - page.len() / 4;
    let is_worth_it = page.len() >= RUNS_FROM_BYTES && page.len() - repeated_count * LINE_BYTES < most;
    if is_worth_it && runs::encode(page, most, out) { PageForm::Runs } else { PageForm::Bytes }
}

/// Returns the byte that fills the line, if there is one.
#[inline]
pub(super) fn repeated(line: &[u8; LINE_BYTES]) -> Option<u8> {
    let (words, _) = line.as_chunks::<8>();
    let word = |index: usize| u64::from_le_bytes(words[index]);
    let first = word(0);
    if first != u64::from_le_bytes([line[0]; 8]) {
        return None;
    }
    let differs = (1..LINE_BYTES / 8).fold(0, |differs, index| differs | (word(index) ^ first));
    (differs == 0).then_some(line[0])
}
