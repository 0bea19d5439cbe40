//! Whole records in the wrong place: swapped, twice, of another run. Each of them is valid by itself.

use anyhow::{Result, ensure};

use super::{damage::told, small::Small};

/// Length of a record of one small delta, and of a mark, in bytes.
const LINE_BYTES: u64 = 64;

/// Tries all, and tells how many there were.
pub fn all(small: &Small) -> Result<String> {
    let other = Small::new(2)?;
    let (lines, segment) = (lines(small), small.segment()?);
    ensure!(small.places == other.places, "two runs of one program have other logs");
    let mut counts = [0; 3];
    for (index, &place) in lines.iter().enumerate() {
        if let Some(&next) = lines.get(index + 1) {
            counts[0] += check(small, segment, "swapped", |bytes| {
                let (one, two) = bytes.split_at_mut(next);
                one[place..place + 64].swap_with_slice(&mut two[..64]);
            })?;
            counts[1] +=
                check(small, segment, "repeated", |bytes| bytes.copy_within(place..place + 64, next))?;
        }
        let theirs = &other.files[segment][place..place + 64];
        counts[2] += check(small, segment, "of another run", |bytes| {
            bytes[place..place + 64].copy_from_slice(theirs)
        })?;
    }
    let [swapped, repeated, foreign] = counts;
    Ok(format!("told: {swapped} records swapped, {repeated} repeated, {foreign} of another run"))
}

/// Returns the places of records of one line each.
fn lines(small: &Small) -> Vec<usize> {
    let pairs = small.places.iter().zip(small.places.iter().skip(1)).skip(1);
    pairs.filter(|(start, end)| **end - **start == LINE_BYTES).map(|(start, _)| *start as usize).collect()
}

/// Returns 1, if the change makes one and is told, and 0 if it makes none.
fn check(small: &Small, segment: &str, what: &str, change: impl FnOnce(&mut [u8])) -> Result<usize> {
    let mut files = small.files.clone();
    let bytes = files.entry(segment.to_owned()).or_default();
    change(bytes);
    if *bytes == small.files[segment] {
        return Ok(0);
    }
    let changed = Small { files, places: small.places.clone(), states: small.states.clone() };
    let told = told(&changed.disk()?)?;
    ensure!(told.iter().any(|(file, _)| file == segment), "a record {what} is not told: {told:?}");
    Ok(1)
}
