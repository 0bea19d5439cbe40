//! The recorded databases: every commit is what was recorded.

use std::path::{Path, PathBuf};

use mmsb_cli::sqlite::{Batch, CommitDigest, Database, Image, WalReader, WalSummary, parse_digests};
use rusqlite::Connection;

use crate::support::testdata;

/// Reads a trace, compares every `stride`-th commit and the last, and returns the summary and the end.
fn check(database: &Path, wal: &Path, digests: &[CommitDigest], stride: usize) -> (WalSummary, Image) {
    let base = Database::open(database).expect("the base reads");
    assert_eq!(base.header_page_count(), Some(base.page_count()));
    let mut reader = WalReader::open(wal, &base).expect("the log's header reads");
    let mut image = Image::new(base, reader.header().page_bytes());
    let mut batch = Batch::default();
    while reader.read_batch(&mut batch).expect("the log reads") {
        for transaction in batch.transactions() {
            let index = transaction.index() as usize;
            let expected = &digests[index];
            image.apply(&transaction);
            assert_eq!((expected.index, expected.pages_after), (index as u64, image.page_count()));
            if index.is_multiple_of(stride) || index + 1 == digests.len() {
                assert!(image.sha256() == expected.sha256, "commit {index}");
            }
        }
    }
    assert_eq!(reader.summary().transaction_count, digests.len() as u64);
    (reader.summary(), image)
}

fn digests(path: &Path) -> Vec<CommitDigest> {
    parse_digests(&std::fs::read_to_string(path).expect("the digests read")).expect("the digests parse")
}

#[test]
fn every_commit_of_the_small_trace_has_its_recorded_digest() {
    let digests = digests(&testdata("flights-small.sha256"));
    let (wal, base) = (testdata("flights-small.db-wal.xz"), testdata("flights-small.db.xz"));
    let (summary, image) = check(&base, &wal, &digests, 1);
    assert_eq!((summary.transaction_count, summary.image_count), (166, 1023));
    assert_eq!(
        (summary.stale_frame_count, summary.uncommitted_frame_count, summary.torn_byte_count),
        (0, 0, 0)
    );
    assert_eq!(integrity(&image), "ok");
}

#[test]
fn the_medium_trace_has_its_recorded_digests_where_it_is_at_hand() {
    let Some(folder) = std::env::var_os("MMSB_TRACES").map(PathBuf::from) else {
        eprintln!("skipped: MMSB_TRACES names no folder with flights-medium");
        return;
    };
    let digests = digests(&folder.join("flights-medium.sha256"));
    let plain = folder.join("flights-medium.db-wal");
    let wal = if plain.exists() { plain } else { folder.join("flights-medium.db-wal.xz") };
    let (summary, image) = check(&folder.join("flights-medium.db"), &wal, &digests, 29);
    assert_eq!((summary.transaction_count, summary.image_count), (1516, 131_822));
    assert_eq!(integrity(&image), "ok");
}

/// Returns what SQLite itself says of a database.
fn integrity(image: &Image) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("exported.db");
    std::fs::write(&path, image.bytes()).expect("the image writes");
    let connection = Connection::open(&path).expect("SQLite opens it");
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("SQLite checks it")
}
