//! Sets of numbers below 65,536, as short as they can be: one number in a word, few as a list, many as a bitmap.
//!
//! A set is told by a word. With the top bit set, the word itself holds the one number; else it is the place of
//! the set among the postings: a count u16 and so many numbers u16, or 0 and a roaring bitmap.
//!
//! Invariant: a set has one encoding, the shortest; what is read is checked for bounds and order.

#[cfg(test)]
mod tests;

use roaring::RoaringBitmap;

/// Numbers a part can count, and more than any number in it.
pub(super) const NUMBERS_MAX: u32 = 1 << 16;
const INLINE: u32 = 1 << 31;
/// Told in the place of a count: a bitmap follows.
const BITMAP: u16 = 0;

/// Appends a set, which is not empty and rises, to the postings; returns its word.
pub(super) fn push(postings: &mut Vec<u8>, numbers: &[u16]) -> u32 {
    if let [number] = *numbers {
        return INLINE | u32::from(number);
    }
    let word = u32::try_from(postings.len()).expect("the postings of a part are shorter than 2 GiB");
    assert!(word < INLINE, "the postings of a part are shorter than 2 GiB");
    let bitmap = bitmap(numbers.iter().copied());
    match u16::try_from(numbers.len()) {
        Ok(count) if bitmap.serialized_size() >= 2 * numbers.len() => {
            postings.extend(count.to_le_bytes());
            postings.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        _ => {
            postings.extend(BITMAP.to_le_bytes());
            bitmap.serialize_into(postings).expect("memory takes all that is written");
        }
    }
    word
}

/// Reads the set that a word tells; `None` if there is no such set.
pub(super) fn read(postings: &[u8], word: u32) -> Option<RoaringBitmap> {
    if word & INLINE != 0 {
        return (word & !INLINE < NUMBERS_MAX).then(|| RoaringBitmap::from_iter([word & !INLINE]));
    }
    let (count, mut rest) = postings.get(word as usize..)?.split_first_chunk::<2>()?;
    match u16::from_le_bytes(*count) {
        BITMAP => {
            let set = RoaringBitmap::deserialize_from(&mut rest).ok()?;
            set.max().is_some_and(|max| max < NUMBERS_MAX).then_some(set)
        }
        count => {
            let (numbers, _) = rest.get(..2 * usize::from(count))?.as_chunks::<2>();
            let numbers = numbers.iter().map(|&number| u32::from(u16::from_le_bytes(number)));
            RoaringBitmap::from_sorted_iter(numbers).ok().filter(|set| set.len() == u64::from(count))
        }
    }
}

/// Tells how many numbers are in the set that a word tells, and the largest.
pub(super) fn extent(postings: &[u8], word: u32) -> Option<(u64, u32)> {
    if word & INLINE != 0 {
        return (word & !INLINE < NUMBERS_MAX).then_some((1, word & !INLINE));
    }
    let set = read(postings, word)?;
    Some((set.len(), set.max()?))
}

fn bitmap(numbers: impl Iterator<Item = u16>) -> RoaringBitmap {
    let mut bitmap = RoaringBitmap::from_sorted_iter(numbers.map(u32::from)).expect("numbers rise");
    bitmap.optimize();
    bitmap
}
