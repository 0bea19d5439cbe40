//! Damaged logs: a clean prefix or an error that names the place; never a panic, never a wrong page.

use crate::{
    hand_built::{Log, PAGE_BYTES, four_transactions},
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

/// Reads a log that must be refused and returns why.
#[track_caller]
fn refusal(wal: &[u8]) -> String {
    read(&[], wal).error.expect("the log is refused")
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
fn a_bad_checksum_is_told_behind_the_transactions_in_front_of_it() {
    let mut wal = four_transactions(false);
    wal[32 + 3 * FRAME_BYTES + 100] ^= 1;
    let outcome = read(&[], &wal);
    assert_eq!(outcome.images.len(), 1);
    insta::assert_snapshot!(
        outcome.error.expect("refused"),
        @"base.db-wal: frame 4 at offset 1640 has a bad checksum: stored 83034fd97622d91f, computed 6765b4e9de7e1e48; the commit in frame 5 needs it"
    );
}

#[test]
fn foreign_salts_in_front_of_a_commit_are_told() {
    let mut wal = four_transactions(false);
    wal[32 + 7 * FRAME_BYTES + 9] ^= 1;
    let outcome = read(&[], &wal);
    assert_eq!(outcome.images.len(), 3);
    insta::assert_snapshot!(
        outcome.error.expect("refused"),
        @"base.db-wal: frame 8 at offset 3784 bears another log's salts; the commit in frame 10 needs it"
    );
}

#[test]
fn a_header_that_is_none_is_named() {
    let good = Log::new(false).bytes;
    let with = |at: usize, bytes: [u8; 4]| [&good[..at], &bytes, &good[at + 4..]].concat();
    let told = [
        refusal(&[]),
        refusal(&good[..31]),
        refusal(&with(0, *b"SQLi")),
        refusal(&with(4, 3_007_001u32.to_be_bytes())),
        refusal(&with(12, 9u32.to_be_bytes())),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    base.db-wal: not an SQLite write-ahead log: the file is empty, nothing at offset 0
    base.db-wal: cut short at offset 31, inside the 32 bytes of a write-ahead log's header
    base.db-wal: not an SQLite write-ahead log: magic number 0x53514c69 at offset 0
    base.db-wal: unsupported write-ahead log version 3007001 at offset 4, not 3007000
    base.db-wal: header checksum at offset 24 is 4e3764867f7d9d9e, the header gives 52376486877d9d9e
    ");
}

#[test]
fn a_log_of_another_page_size_is_refused() {
    let mut base = b"SQLite format 3\0\x10\0".to_vec();
    base.resize(4096, 0);
    insta::assert_snapshot!(
        read(&base, &four_transactions(false)).error.expect("refused"),
        @"base.db-wal: page size 512 at offset 8, but base.db has pages of 4096"
    );
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
