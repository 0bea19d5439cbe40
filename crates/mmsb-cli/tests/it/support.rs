//! The door to the reader: a base and a log go in, what they lead to comes out.

use std::{io::Cursor, path::PathBuf};

use mmsb_cli::sqlite::{Batch, Database, Image, Input, SqliteError, Transaction, WalReader, WalSummary};

/// What reading a log led to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The database after every transaction.
    pub images: Vec<Vec<u8>>,
    /// What the reader counted.
    pub summary: WalSummary,
    /// Why it stopped, if not at the log's lawful end.
    pub error: Option<String>,
}

/// Returns bytes as an input called `name`.
pub fn input(name: &str, bytes: &[u8]) -> Input {
    Input::from_reader(name, Cursor::new(bytes.to_vec())).expect("memory reads")
}

/// Returns a file of the repository's `testdata`.
pub fn testdata(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name)
}

/// Reads a whole log over its base.
pub fn read(base: &[u8], wal: &[u8]) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.error = replay(base, wal, &mut outcome).err().map(|error| error.to_string());
    outcome
}

fn replay(base: &[u8], wal: &[u8], outcome: &mut Outcome) -> Result<(), SqliteError> {
    let base = Database::read(input("base.db", base))?;
    let mut reader = WalReader::read(input("base.db-wal", wal), &base)?;
    let mut image = Image::new(base, reader.header().page_bytes());
    let mut batch = Batch::default();
    loop {
        let more = reader.read_batch(&mut batch);
        outcome.summary = reader.summary();
        if !more? {
            return Ok(());
        }
        batch.transactions().for_each(|transaction| apply(&transaction, &mut image, outcome));
    }
}

#[track_caller]
fn apply(transaction: &Transaction<'_>, image: &mut Image, outcome: &mut Outcome) {
    assert_eq!(transaction.index(), outcome.images.len() as u64);
    image.apply(transaction);
    assert_eq!(image.page_count(), transaction.pages_after());
    outcome.images.push(image.bytes().to_vec());
}
