//! A page as runs: each a u32, its length in the low 31 bits, and the top bit set if one byte follows that is
//! repeated, clear if its bytes follow.
//!
//! Invariant: runs that passed [`is_whole`] fill a page of that length exactly: nothing expands beyond the
//! length that was declared, whatever they say.

use super::form::{LINE_BYTES, repeated};
use crate::sync::{Fault, is_planted};

/// Says that one byte follows, which is repeated.
const REPEATED: u32 = 1 << 31;
const WORD_BYTES: usize = 4;

/// One run of a page.
enum Run<'b> {
    Bytes(&'b [u8]),
    Fill(usize, u8),
}

/// Puts the page into `out` as runs, emptied first; false if they take more than `most` bytes.
pub(super) fn encode(page: &[u8], most: usize, out: &mut Vec<u8>) -> bool {
    out.clear();
    let (lines, _) = page.as_chunks::<LINE_BYTES>();
    // Bytes before `done` are in `out`; what is between it and the line looked at is no repeated byte.
    let (mut done, mut index) = (0, 0);
    while index < lines.len() && out.len() <= most {
        let Some(byte) = repeated(&lines[index]) else {
            index += 1;
            continue;
        };
        let count = lines[index..].iter().take_while(|line| repeated(line) == Some(byte)).count();
        put_bytes(&page[done..index * LINE_BYTES], out);
        out.extend((REPEATED | (count * LINE_BYTES) as u32).to_le_bytes());
        out.push(byte);
        index += count;
        done = index * LINE_BYTES;
    }
    put_bytes(&page[done..], out);
    out.len() <= most
}

/// Tells whether the runs are those of a page of so many bytes.
pub(super) fn is_whole(runs: &[u8], page_bytes: usize) -> bool {
    let (mut rest, mut left) = (runs, page_bytes);
    while let Some((run, behind)) = split(rest) {
        let len = run.len();
        if len == 0 || len > left && !is_planted(Fault::RunPastEnd) {
            return false;
        }
        (rest, left) = (behind, left.saturating_sub(len));
    }
    rest.is_empty() && left == 0
}

/// Writes a page whose runs are whole.
pub(super) fn expand(runs: &[u8], mut page: &mut [u8]) {
    let mut rest = runs;
    while let Some((run, behind)) = split(rest) {
        let (to, left) = page.split_at_mut(run.len());
        match run {
            Run::Bytes(bytes) => to.copy_from_slice(bytes),
            Run::Fill(_, byte) => to.fill(byte),
        }
        (rest, page) = (behind, left);
    }
}

impl Run<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Fill(len, _) => *len,
        }
    }
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty() {
        out.extend((bytes.len() as u32).to_le_bytes());
        out.extend(bytes);
    }
}

/// Takes the first run off; `None` at the end, or where there is no whole run.
fn split(bytes: &[u8]) -> Option<(Run<'_>, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<WORD_BYTES>()?;
    let word = u32::from_le_bytes(*word);
    let len = (word & !REPEATED) as usize;
    if word & REPEATED == 0 {
        let (bytes, rest) = rest.split_at_checked(len)?;
        return Some((Run::Bytes(bytes), rest));
    }
    let (&byte, rest) = rest.split_first()?;
    Some((Run::Fill(len, byte), rest))
}
