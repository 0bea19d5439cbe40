//! Logs longer than a batch, and inputs that fail on the way: the same transactions, then the error.

use std::io::{self, Cursor, Read};

use mmsb_cli::sqlite::{Batch, Database, Input, WalReader};

use crate::{
    hand_built::{Log, PAGE_BYTES, four_transactions},
    support::{input, read},
};

/// A reader that fails where its bytes end.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

/// Reads a log whose input fails behind `wal`; tells the transactions in front of it, and the error.
#[track_caller]
fn check(wal: Vec<u8>, expect: &str) {
    let base = Database::read(input("base.db", &[])).expect("an empty base reads");
    let broken = Input::from_reader("base.db-wal", Cursor::new(wal).chain(Broken)).expect("it begins");
    let mut count = 0;
    let error = WalReader::read(broken, &base).and_then(|mut reader| {
        let mut batch = Batch::default();
        while reader.read_batch(&mut batch)? {
            count += batch.transactions().len();
        }
        Ok(())
    });
    let told = error.map_or_else(|error| error.to_string(), |()| "no error".to_owned());
    assert_eq!(format!("{count} transactions, {told}"), expect);
}

#[test]
fn transactions_that_cross_batches_stay_whole() {
    let mut log = Log::new(false);
    let mut expected = Vec::new();
    for transaction in 0..1500 {
        let bytes = [transaction as u8, (transaction >> 3) as u8, 7, 8, 9, 10, (transaction >> 8) as u8];
        let frame = |log: Log, (page, byte)| log.frame(page, if page == 7 { 7 } else { 0 }, byte);
        log = (1..).zip(bytes).fold(log, frame);
        expected.push(bytes);
    }
    assert!(log.bytes.len() > 5 << 20, "long enough for three batches");
    let outcome = read(&[], &log.bytes);
    assert_eq!((outcome.error, outcome.images.len(), outcome.summary.image_count), (None, 1500, 10_500));
    for (image, expected) in outcome.images.iter().zip(expected) {
        assert!(image.chunks(PAGE_BYTES).map(|page| page[PAGE_BYTES - 1]).eq(expected));
    }
}

#[test]
fn a_failing_input_is_told_behind_what_was_read() {
    let wal = four_transactions(false);
    let at = |offset| format!("base.db-wal: cannot be read at offset {offset}");
    check(wal[..20].to_vec(), &format!("0 transactions, {}", at(20)));
    check(wal[..3300].to_vec(), &format!("3 transactions, {}", at(3300)));
    check(wal.clone(), &format!("4 transactions, {}", at(wal.len())));
}

#[test]
fn a_failing_input_is_told_behind_stale_frames() {
    let mut wal = four_transactions(false);
    wal.resize(600 << 10, 1);
    check(wal, &format!("4 transactions, base.db-wal: cannot be read at offset {}", 600 << 10));
}
