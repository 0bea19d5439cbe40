//! SQLite's write-ahead log: a header of 32 bytes, then frames of 24 bytes and one page each.
//!
//! A frame that names a database size ends a transaction. Every frame bears the header's two salts
//! and a checksum over all frames up to it, so a log that was begun anew over an older, longer one
//! ends where the salts change.
//!
//! **Where the log ends.** As in SQLite, at the first frame whose salts are not the header's or whose
//! checksum is wrong. SQLite then forgets the rest, which is right after a crash and wrong for a
//! damaged copy, so here the rest is looked through: if any frame from there on bears the log's salts
//! and ends a transaction, commits would be lost, and that is an error. Otherwise the rest is what
//! SQLite leaves behind lawfully (frames of an older log, a transaction that was rolled back or never
//! ended, a frame cut short), is left out and is counted in [`WalSummary`].

mod batch;
mod checksum;
mod frame;
mod header;
mod reader;
mod tail;

pub use batch::{Batch, Images, Transaction};
pub use header::WalHeader;
pub use reader::{WalReader, WalSummary};
