//! Logs written by hand, frame by frame, with a checksum of their own: what SQLite seldom does.

use mmsb_cli::sqlite::{Batch, Database, WalReader};

use crate::support::{input, read};

pub const PAGE_BYTES: usize = 512;
pub const SALTS: [u8; 8] = *b"saltsalt";

/// A log being written.
pub struct Log {
    pub bytes: Vec<u8>,
    big_endian: bool,
    sums: (u32, u32),
}

impl Log {
    /// Writes the header.
    pub fn new(big_endian: bool) -> Self {
        let mut bytes = Vec::new();
        for word in [0x377f_0682 + u32::from(big_endian), 3_007_000, PAGE_BYTES as u32, 5] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(SALTS);
        let mut log = Self { bytes: Vec::new(), big_endian, sums: (0, 0) };
        log.sum(&bytes);
        log.bytes = bytes;
        log.write_sums();
        log
    }

    /// Adds a frame: a page full of `byte`, and the size of the database if it ends a transaction.
    pub fn frame(mut self, page: u32, commit: u32, byte: u8) -> Self {
        let head = [page.to_be_bytes(), commit.to_be_bytes()].concat();
        let image = vec![byte; PAGE_BYTES];
        self.sum(&head);
        self.sum(&image);
        self.bytes.extend(head);
        self.bytes.extend(SALTS);
        self.write_sums();
        self.bytes.extend(image);
        self
    }

    fn sum(&mut self, bytes: &[u8]) {
        for (index, word) in bytes.chunks(4).enumerate() {
            let word: [u8; 4] = word.try_into().expect("whole words");
            let word = if self.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) };
            let (one, two) = self.sums;
            let sum = one.wrapping_add(two).wrapping_add(word);
            self.sums = if index % 2 == 0 { (sum, two) } else { (one, sum) };
        }
    }

    fn write_sums(&mut self) {
        self.bytes.extend(self.sums.0.to_be_bytes());
        self.bytes.extend(self.sums.1.to_be_bytes());
    }
}

/// Returns a log of four transactions, ten frames, that grows a database and cuts it again.
pub fn four_transactions(big_endian: bool) -> Vec<u8> {
    let log = Log::new(big_endian).frame(1, 0, b'a').frame(2, 2, b'b');
    let log = log.frame(3, 0, b'c').frame(1, 0, b'd').frame(4, 4, b'e').frame(2, 4, b'f');
    log.frame(1, 0, b'g').frame(2, 0, b'h').frame(4, 0, b'i').frame(3, 3, b'j').bytes
}

/// Reads a log over nothing and compares the first byte of every page after every transaction.
#[track_caller]
fn check(wal: &[u8], expect: &str) {
    let outcome = read(&[], wal);
    let after =
        |image: &Vec<u8>| image.chunks(PAGE_BYTES).map(|page| char::from(page[0].max(b'.'))).collect();
    let mut told: Vec<String> = outcome.images.iter().map(after).collect();
    told.extend(outcome.error);
    assert_eq!(told.join(" "), expect);
}

#[test]
fn words_of_either_order_are_summed() {
    check(&four_transactions(false), "ab dbce dfce ghj");
    check(&four_transactions(true), "ab dbce dfce ghj");
}

#[test]
fn a_header_alone_is_a_log_of_nothing() {
    check(&Log::new(false).bytes, "");
}

#[test]
fn the_last_image_of_a_page_counts() {
    check(&Log::new(false).frame(1, 0, b'a').frame(1, 0, b'b').frame(1, 1, b'c').bytes, "c");
}

#[test]
fn pages_cut_and_grown_again_are_zero() {
    let log = Log::new(false).frame(1, 0, b'a').frame(2, 2, b'b').frame(1, 1, b'c').frame(1, 2, b'd');
    check(&log.bytes, "ab c d.");
}

#[test]
fn final_images_rise_without_doubles_and_without_what_was_cut() {
    let log = Log::new(false).frame(3, 0, b'a').frame(2, 0, b'b').frame(9, 0, b'c').frame(2, 3, b'd').bytes;
    let base = Database::read(input("base.db", &[])).expect("an empty base reads");
    let mut reader = WalReader::read(input("base.db-wal", &log), &base).expect("the header reads");
    let mut batch = Batch::default();
    assert!(reader.read_batch(&mut batch).expect("the log reads"));
    let transaction = batch.transactions().next().expect("one transaction");
    let images: Vec<_> = transaction.final_images().iter().map(|&(page, image)| (page, image[0])).collect();
    assert_eq!(images, [(2, b'd'), (3, b'a')]);
    assert_eq!(transaction.image_count(), 4);
}

#[test]
fn a_frame_of_page_zero_is_refused_behind_what_is_good() {
    let log = Log::new(false).frame(1, 1, b'a').frame(0, 1, b'b').bytes;
    check(&log, "a base.db-wal: frame 2 at offset 568 names page 0");
}

#[test]
fn a_database_cannot_outgrow_what_was_written() {
    let log = Log::new(false).frame(1, 1, b'a').frame(2, 4_000_000_000, b'b').bytes;
    check(
        &log,
        "a base.db-wal: the commit in frame 2 at offset 568 claims 4000000000 pages, after 1 and 1 images",
    );
}
