//! The recording inside the command: `testdata/flights-small`, as it is shipped.

use std::io::Cursor;

use mmsb_cli::sqlite::{CommitDigest, Database, Input, SqliteError, WalReader, parse_digests};

const DB: &[u8] = include_bytes!("../../../../../testdata/flights-small.db.xz");
const WAL: &[u8] = include_bytes!("../../../../../testdata/flights-small.db-wal.xz");
const DIGESTS: &str = include_str!("../../../../../testdata/flights-small.sha256");

/// Opens the recording: the database, and its log about to be read.
pub fn open() -> Result<(Database, WalReader), SqliteError> {
    let base = Database::read(Input::from_reader("flights-small.db", Cursor::new(DB))?)?;
    let wal = WalReader::read(Input::from_reader("flights-small.db-wal", Cursor::new(WAL))?, &base)?;
    Ok((base, wal))
}

/// Returns what each commit must lead to.
pub fn digests() -> Result<Vec<CommitDigest>, SqliteError> {
    parse_digests(DIGESTS)
}
