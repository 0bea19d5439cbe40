//! Finds stretches of one repeated byte.

use std::ops::Range;

/// Bytes looked at together.
const WORD: usize = 8;

/// Returns the next stretch of one repeated byte that ends behind `seen`, cut to what lies behind
/// `done`; `done <= seen`. Everything from `seen` on is looked at in words: a stretch of 15 bytes is
/// always found; one of 8 if it begins at `seen` or ends with `bytes`; a shorter one if it is all
/// that is left.
pub(super) fn next(bytes: &[u8], done: usize, seen: usize) -> Option<Range<usize>> {
    if bytes.len() - done < WORD {
        let rest = &bytes[done..];
        let found = seen == done && rest.len() > 1 && rest.iter().all(|byte| *byte == rest[0]);
        return found.then_some(done..bytes.len());
    }
    let at = whole_word(bytes, seen).or_else(|| last_word(bytes, done, seen))?;
    let byte = bytes[at];
    let start = at - bytes[done..at].iter().rev().take_while(|other| **other == byte).count();
    Some(start..end_of(bytes, at + WORD, byte))
}

/// Where the first word of one repeated byte stands, in steps of words from `from`.
fn whole_word(bytes: &[u8], from: usize) -> Option<usize> {
    let words = bytes[from..].as_chunks::<WORD>().0;
    words.iter().position(is_repeated).map(|index| from + index * WORD)
}

/// Where the last word stands, if it is one repeated byte and was not looked at before.
fn last_word(bytes: &[u8], done: usize, seen: usize) -> Option<usize> {
    let at = bytes.len() - WORD;
    let fresh = seen < bytes.len() && at >= done;
    bytes.last_chunk().filter(|word| fresh && is_repeated(word)).map(|_| at)
}

fn is_repeated(word: &[u8; WORD]) -> bool {
    let word = u64::from_le_bytes(*word);
    word == word.rotate_left(8)
}

/// The end of the stretch of `byte` that reaches at least to `from`.
fn end_of(bytes: &[u8], from: usize, byte: u8) -> usize {
    let words = bytes[from..].as_chunks::<WORD>().0;
    let whole = words.iter().take_while(|word| **word == [byte; WORD]).count();
    let from = from + whole * WORD;
    from + bytes[from..].iter().take_while(|other| **other == byte).count()
}
