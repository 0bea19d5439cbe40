//! Sets of numbers below 65,536, as short as they can be: one number in a word, few as a list, many as a bitmap.
//!
//! A set is told by a word. With the top bit set, the word itself holds the one number; else it is the place of
//! the set among the postings: a count u16 and so many numbers u16, or 0 and a roaring bitmap.
//!
//! Invariant: a set has one encoding, the shortest; what is read is checked for bounds and order.

#[cfg(test)]
mod tests;

use std::ops::Range;

use roaring::RoaringBitmap;

/// Numbers a part can count, and more than any number in it.
pub(super) const NUMBERS_MAX: u32 = 1 << 16;
const INLINE: u32 = 1 << 31;
/// So many numbers are shorter as a list than as any bitmap, which takes 15 bytes.
const SHORT: usize = 7;
/// What a bitmap takes that tells runs, beside 4 bytes for each.
const RUNS_BYTES: usize = 11;
/// What one takes that has a bit for each number.
const BITS_BYTES: usize = 16 + 8192;
/// Told in the place of a count: a bitmap follows.
const BITMAP: u16 = 0;

/// Appends a set, which is not empty and rises, to the postings; returns its word.
pub(super) fn push(postings: &mut Vec<u8>, numbers: &[u16]) -> u32 {
    if let [number] = *numbers {
        return INLINE | u32::from(number);
    }
    let word = u32::try_from(postings.len()).expect("the postings of a part are shorter than 2 GiB");
    assert!(word < INLINE, "the postings of a part are shorter than 2 GiB");
    if is_list(numbers) {
        push_list(postings, numbers);
    } else {
        postings.extend(BITMAP.to_le_bytes());
        let written = bitmap(numbers.iter().copied()).serialize_into(postings);
        written.expect("memory takes all that is written");
    }
    word
}

/// Tells whether a list is as short as a bitmap, which tells runs of numbers by their ends, or all numbers by a bit.
fn is_list(numbers: &[u16]) -> bool {
    let run_count = 1 + numbers.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count();
    let bitmap_bytes = (RUNS_BYTES + 4 * run_count).min(BITS_BYTES);
    numbers.len() <= SHORT || bitmap_bytes >= 2 * numbers.len()
}

/// Reads the set that a word tells; `None` if there is no such set.
pub(super) fn read(postings: &[u8], word: u32) -> Option<RoaringBitmap> {
    if word & INLINE != 0 {
        return (word & !INLINE < NUMBERS_MAX).then(|| RoaringBitmap::from_iter([word & !INLINE]));
    }
    let mut rest = postings.get(word as usize..)?;
    take(&mut rest)
}

/// What is known of a set without its numbers.
pub(super) struct Extent {
    pub(super) count: u64,
    pub(super) max: u32,
    /// Where among the postings it stands, unless it is in its word.
    pub(super) place: Option<Range<usize>>,
}

/// Tells how large the set is that a word tells, and where it stands.
pub(super) fn extent(postings: &[u8], word: u32) -> Option<Extent> {
    if word & INLINE != 0 {
        let max = word & !INLINE;
        return (max < NUMBERS_MAX).then_some(Extent { count: 1, max, place: None });
    }
    let mut rest = postings.get(word as usize..)?;
    if rest.first_chunk().is_some_and(|count| *count != BITMAP.to_le_bytes()) {
        return list_extent(rest, word as usize);
    }
    let set = take(&mut rest)?;
    Some(Extent {
        count: set.len(),
        max: set.max()?,
        place: Some(word as usize..postings.len() - rest.len()),
    })
}

/// Tells the extent of a list that stands at `start`. Nearly all sets are lists, and of an index that is read all are
/// looked at: so none is made for it.
fn list_extent(rest: &[u8], start: usize) -> Option<Extent> {
    let (count, numbers) = rest.split_first_chunk::<2>()?;
    let count = u16::from_le_bytes(*count);
    let numbers = numbers.get(..2 * usize::from(count))?.as_chunks::<2>().0.iter();
    let mut numbers = numbers.map(|&number| u16::from_le_bytes(number));
    let rises = numbers.clone().is_sorted_by(|a, b| a < b);
    let max = numbers.next_back().filter(|_| rises)?;
    let place = start..start + 2 + 2 * usize::from(count);
    Some(Extent { count: count.into(), max: max.into(), place: Some(place) })
}

/// Takes the set off the front of the postings.
fn take(rest: &mut &[u8]) -> Option<RoaringBitmap> {
    let (count, mut behind) = rest.split_first_chunk::<2>()?;
    let set = match u16::from_le_bytes(*count) {
        BITMAP => RoaringBitmap::deserialize_from(&mut behind).ok().filter(is_in_part)?,
        count => {
            let (numbers, after) = behind.split_at_checked(2 * usize::from(count))?;
            behind = after;
            let numbers = numbers.as_chunks::<2>().0.iter();
            let numbers = numbers.map(|&number| u32::from(u16::from_le_bytes(number)));
            RoaringBitmap::from_sorted_iter(numbers).ok().filter(|set| set.len() == u64::from(count))?
        }
    };
    *rest = behind;
    Some(set)
}

/// Tells whether there is a number, and none beyond what a part counts.
fn is_in_part(set: &RoaringBitmap) -> bool {
    set.max().is_some_and(|max| max < NUMBERS_MAX)
}

fn push_list(postings: &mut Vec<u8>, numbers: &[u16]) {
    postings.extend((numbers.len() as u16).to_le_bytes());
    postings.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn bitmap(numbers: impl Iterator<Item = u16>) -> RoaringBitmap {
    let mut bitmap = RoaringBitmap::from_sorted_iter(numbers.map(u32::from)).expect("numbers rise");
    bitmap.optimize();
    bitmap
}
