//! What can go wrong with a log: the world ([`LogError::Io`]), damage ([`LogError::Corrupt`]), the caller.

use std::{io, path::PathBuf};

use mmsb_delta::DecodeError;

/// A refusal of the log, naming operation, file and facts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The directory is not a bus.
    #[error("{dir} is not a bus: {what}")]
    NotABus {
        /// The directory as it was given.
        dir: PathBuf,
        /// What is missing or wrong.
        what: &'static str,
    },
    /// A bus, or something else, is already there.
    #[error("{dir} already exists")]
    AlreadyExists {
        /// The directory as it was given.
        dir: PathBuf,
    },
    /// Another writer holds the bus.
    #[error("{dir} is open for writing elsewhere")]
    Locked {
        /// The directory as it was given.
        dir: PathBuf,
        /// What the lock said.
        source: io::Error,
    },
    /// The operating system refused.
    #[error("{operation} {file} at offset {offset}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        file: PathBuf,
        /// At which byte of it.
        offset: u64,
        /// Why not.
        source: io::Error,
    },
    /// Bytes are damaged that were told to be durable; nothing was changed.
    #[error("damaged record {number} in {file} at offset {offset}: {fault}")]
    Corrupt {
        /// The damaged file.
        file: PathBuf,
        /// First byte of the damaged record in it.
        offset: u64,
        /// Number of the damaged record; 0 for the head of a file.
        number: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A checkpoint is damaged, or is not the one that the manifest tells of; nothing was changed.
    #[error("damaged checkpoint {file} at offset {offset}: {fault}")]
    DamagedCheckpoint {
        /// The checkpoint's file.
        file: PathBuf,
        /// First byte of what is wrong in it.
        offset: u64,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The file was written by another version of the format.
    #[error("{file} has format version {found}; this build reads {supported}")]
    UnsupportedVersion {
        /// Which file.
        file: PathBuf,
        /// The version it carries.
        found: u16,
        /// The version this build reads.
        supported: u16,
    },
    /// The commit would make a larger record than the log takes.
    #[error("a record of {bytes} bytes exceeds the limit of {limit}")]
    RecordTooLarge {
        /// How large it would be.
        bytes: u64,
        /// The limit in force.
        limit: u64,
    },
    /// The log's numbers are used up; it takes no further commit.
    #[error("the log has no numbers left above e{limit}")]
    NumbersUsedUp {
        /// The largest number there is.
        limit: u64,
    },
    /// An earlier write or sync failed; the log takes nothing more.
    #[error("the log is poisoned: {cause}")]
    Poisoned {
        /// What failed.
        cause: String,
    },
    /// The flusher thread could not be started.
    #[error("starting the flusher thread")]
    Spawn {
        /// Why not.
        source: io::Error,
    },
    /// The log no longer holds, or never held, what was asked for.
    #[error("the log reaches back to e{oldest} only")]
    HistoryGone {
        /// The oldest state it can still show.
        oldest: u64,
    },
}

/// What is wrong with the bytes of one record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The manifest lists the file, and it is not there.
    #[error("the file is missing")]
    Missing,
    /// Nothing but zeros where a record should start.
    #[error("zeros where a record should be")]
    Zeros,
    /// The file ends inside the record.
    #[error("cut short: {need} bytes needed, {have} there")]
    CutShort {
        /// How long the record says it is (or its least length).
        need: u64,
        /// How many bytes are left.
        have: u64,
    },
    /// The first bytes belong to no kind of record.
    #[error("no record starts with {found:#010x}")]
    Kind {
        /// The first four bytes.
        found: u32,
    },
    /// A length that no record can have.
    #[error("impossible length of {found} bytes")]
    Length {
        /// The length found.
        found: u64,
    },
    /// The header's checksum disagrees with its bytes.
    #[error("header checksum mismatch: stored {stored:#010x}, computed {computed:#010x}")]
    HeaderChecksum {
        /// As stored.
        stored: u32,
        /// As computed.
        computed: u32,
    },
    /// The body's checksum disagrees with its bytes.
    #[error("body checksum mismatch: stored {stored:#010x}, computed {computed:#010x}")]
    BodyChecksum {
        /// As stored.
        stored: u32,
        /// As computed.
        computed: u32,
    },
    /// A part of the record breaks the format.
    #[error("{0}")]
    Layout(&'static str),
    /// The entry columns break the format.
    #[error("entry columns: {0}")]
    Entries(#[from] DecodeError),
    /// The number is not the one after the last.
    #[error("number {found} where {expected} should be")]
    Number {
        /// The one after the last.
        expected: u64,
        /// The one found.
        found: u64,
    },
    /// A mark that belongs to another place or another bus.
    #[error("a mark of another place or bus")]
    Stray,
    /// A block that belongs to another place, another checkpoint or another bus.
    #[error("a block of another place or checkpoint")]
    StrayBlock,
    /// The hash disagrees with what was hashed, or with the one that the manifest tells.
    #[error("hash mismatch")]
    Hash,
    /// The chain of checksums since the last mark disagrees.
    #[error("chain mismatch: stored {stored:#010x}, computed {computed:#010x}")]
    Chain {
        /// As stored in the mark.
        stored: u32,
        /// As computed over the records.
        computed: u32,
    },
}
