//! Base files: what is one, and what is not.

use std::path::Path;

use mmsb_cli::sqlite::Database;

use crate::{fixtures::Recorder, support::input};

/// Returns a file with a database's first bytes, `page_bytes` as its header stores them.
fn file(page_bytes: u16, file_bytes: usize) -> Vec<u8> {
    let mut bytes = [&b"SQLite format 3\0"[..], &page_bytes.to_be_bytes()].concat();
    bytes.resize(file_bytes, 0);
    bytes
}

/// Reads a base file and tells its page size and count, or why it is none.
#[track_caller]
fn check(bytes: &[u8], expect: &str) {
    let told = match Database::read(input("base.db", bytes)) {
        Ok(base) => format!("{:?} x {}", base.page_bytes(), base.page_count()),
        Err(error) => error.to_string(),
    };
    assert_eq!(told, expect);
}

#[test]
fn page_sizes_are_read_as_sqlite_stores_them() {
    check(&file(4096, 8192), "Some(4096) x 2");
    check(&file(512, 512), "Some(512) x 1");
    check(&file(1, 65_536), "Some(65536) x 1");
}

#[test]
fn an_empty_file_is_a_database_of_no_pages() {
    check(&[], "None x 0");
}

#[test]
fn what_is_no_database_is_named() {
    check(b"hello", "base.db: not an SQLite database: the magic string at offset 0 is missing");
    check(&[0; 4096], "base.db: not an SQLite database: the magic string at offset 0 is missing");
    check(&file(4096, 17), "base.db: not an SQLite database: the magic string at offset 0 is missing");
    check(&file(1000, 4000), "base.db: page size 1000 at offset 16 is not a power of two from 512 to 65536");
    check(&file(256, 512), "base.db: page size 256 at offset 16 is not a power of two from 512 to 65536");
    check(&file(512, 1300), "base.db: a partial page at offset 1024: 1300 bytes are not whole pages of 512");
}

#[test]
fn pages_are_numbered_from_one() {
    let bytes = Recorder::new().base();
    let base = Database::read(input("base.db", &bytes)).expect("SQLite wrote it");
    assert_eq!(base.header_page_count(), Some(base.page_count()));
    let pages: Vec<_> = base.pages().collect();
    assert_eq!(
        (pages.len(), pages[0], pages[1]),
        (bytes.len() / 512, (1, &bytes[..512]), (2, &bytes[512..1024]))
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Database::open(Path::new("no/such.db")).expect_err("there is none");
    assert_eq!(error.to_string(), "no/such.db: cannot be opened");
}

#[test]
fn a_packed_file_cut_short_is_named() {
    let error = Database::read(input("base.db", b"\xfd7zXZ\0\0\x04")).expect_err("it is cut");
    assert_eq!(error.to_string(), "base.db: packed data (xz) is damaged or cut short after 0 unpacked bytes");
}
