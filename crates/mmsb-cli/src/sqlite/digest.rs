//! Lists of recorded digests: what the database must be after every commit.
//!
//! One line a commit: its number from 0, the pages after it, the SHA-256 in lower-case hexadecimal.

use super::SqliteError;

/// What one commit must lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitDigest {
    /// The commit's number, from 0.
    pub index: u64,
    /// The database's size after it, in pages.
    pub pages_after: u32,
    /// The SHA-256 of the whole database after it.
    pub sha256: [u8; 32],
}

/// Reads a whole list; empty lines are skipped.
///
/// # Errors
/// [`SqliteError::DigestLine`] at the first line that does not read so.
pub fn parse_digests(text: &str) -> Result<Vec<CommitDigest>, SqliteError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| parse(line).ok_or(SqliteError::DigestLine { line: at + 1 })).collect()
}

fn parse(line: &str) -> Option<CommitDigest> {
    let mut words = line.split_whitespace();
    let index = words.next()?.parse().ok()?;
    let pages_after = words.next()?.parse().ok()?;
    let sha256 = parse_hex(words.next()?)?;
    words.next().is_none().then_some(CommitDigest { index, pages_after, sha256 })
}

fn parse_hex(word: &str) -> Option<[u8; 32]> {
    let (pairs, []) = word.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?)).collect();
    bytes?.try_into().ok()
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}
