//! Logs that are refused, and why.

use super::FRAME_BYTES;
use crate::{
    hand_built::{Log, four_transactions},
    support::read,
};

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

/// Reads a log that must be refused and returns why.
#[track_caller]
fn refusal(wal: &[u8]) -> String {
    read(&[], wal).error.expect("the log is refused")
}
