//! A recorded SQLite database: a base file, and a write-ahead log of everything done to it since.
//!
//! 1. [`Database::open`] reads the base file, packed with xz or not.
//! 2. [`WalReader::open`] reads the log's header and compares it with the base.
//! 3. [`WalReader::read_batch`] checks frames and hands over whole transactions, many at a time;
//!    [`read_ahead`] does so on a thread of its own.
//! 4. [`Image::apply`] writes a transaction over the base, where the whole database is wanted.
//!
//! Invariants: knows nothing of MMSB. Damaged input is a [`SqliteError`] that names file and offset,
//! never a panic. A transaction is handed over whole and checked, or not at all.

mod ahead;
mod database;
mod digest;
mod error;
mod image;
mod input;
mod wal;

pub use ahead::read_ahead;
pub use database::Database;
pub use digest::{CommitDigest, parse_digests};
pub use error::SqliteError;
pub use image::Image;
pub use input::Input;
pub use wal::{Batch, Images, Transaction, WalHeader, WalReader, WalSummary};

/// The page sizes SQLite allows, in bytes.
fn is_page_size(bytes: u32) -> bool {
    (512..=65_536).contains(&bytes) && bytes.is_power_of_two()
}
