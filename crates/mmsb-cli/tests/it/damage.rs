//! Damaged logs: a clean prefix or an error that names the place; never a panic, never a wrong page.

mod refusals;

use crate::{
    hand_built::{PAGE_BYTES, four_transactions},
    support::{Outcome, read, testdata},
};

const FRAME_BYTES: usize = 24 + PAGE_BYTES;

/// Reads a damaged log and expects a prefix of what the sound one leads to.
#[track_caller]
fn check(damaged: &[u8], sound: &Outcome, what: &str) -> Outcome {
    let outcome = read(&[], damaged);
    assert!(sound.images.starts_with(&outcome.images), "{what}: a wrong page");
    outcome
}

#[test]
fn every_truncation_gives_the_transactions_in_front_of_it() {
    let wal = four_transactions(false);
    let sound = read(&[], &wal);
    for length in 0..wal.len() {
        let outcome = check(&wal[..length], &sound, &format!("cut at {length}"));
        assert_eq!(outcome.error.is_some(), length < 32, "cut at {length}: {:?}", outcome.error);
        let frame_count = length.saturating_sub(32) / FRAME_BYTES;
        let expected = [2, 5, 6, 10].iter().filter(|&&end| end <= frame_count).count();
        assert_eq!(outcome.images.len(), expected, "cut at {length}");
        if outcome.error.is_none() {
            assert_eq!(outcome.summary.torn_byte_count as usize, (length - 32) % FRAME_BYTES);
        }
    }
}

#[test]
fn every_flipped_bit_is_told() {
    let wal = four_transactions(true);
    let sound = read(&[], &wal);
    let last_frame = wal.len() - FRAME_BYTES;
    // Every bit of what is not a page's middle; there, one bit of every byte.
    let middle = |byte: usize| byte > 64 && (byte - 32) % FRAME_BYTES > 32;
    let bits = (0..wal.len() * 8).filter(|bit| !middle(bit / 8) || bit % 8 == bit / 8 % 8);
    for bit in bits {
        let mut damaged = wal.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let outcome = check(&damaged, &sound, &format!("bit {bit}"));
        assert!(outcome.images.len() < 4, "bit {bit}: a damaged transaction was taken");
        if outcome.error.is_none() {
            // What looks like a frame of an older log, or like no commit, is left out and counted.
            assert!((last_frame + 4..last_frame + 16).contains(&(bit / 8)), "bit {bit} is not told");
            let summary = outcome.summary;
            assert_eq!(
                (outcome.images.len(), summary.stale_frame_count + summary.uncommitted_frame_count),
                (3, 4)
            );
        }
    }
}

#[test]
fn a_damaged_packed_log_never_gives_a_wrong_page() {
    let packed = std::fs::read(testdata("flights-small.db-wal.xz")).expect("the log reads");
    let base = std::fs::read(testdata("flights-small.db.xz")).expect("the base reads");
    let sound = read(&base, &packed);
    assert_eq!((sound.images.len(), &sound.error), (166, &None));
    for step in 0..12 {
        let at = step * (packed.len() - 1) / 11;
        let flipped = [&packed[..at], &[packed[at] ^ 0x10], &packed[at + 1..]].concat();
        for damaged in [&flipped[..], &packed[..at]] {
            let outcome = read(&base, damaged);
            assert!(sound.images.starts_with(&outcome.images), "at {at}: a wrong page");
            assert!(outcome.error.is_some(), "at {at}: {:?}", outcome.summary);
        }
    }
}
