//! Why a recorded database could not be read: one variant per fact, each naming file and offset.
//!
//! Offsets count the bytes of the SQLite file itself, unpacked where it came packed. Frames are
//! counted from 1, as SQLite counts them.

use std::{io, path::PathBuf};

/// Why a database file or its write-ahead log could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts each message spells out")]
pub enum SqliteError {
    /// The operating system refused to open the file.
    #[error("{}: cannot be opened", path.display())]
    Open { path: PathBuf, source: io::Error },
    /// The operating system refused a read.
    #[error("{}: cannot be read at offset {offset}", path.display())]
    Read { path: PathBuf, offset: u64, source: io::Error },
    /// The file is packed with xz, and the packed data is damaged or cut short.
    #[error("{}: packed data (xz) is damaged or cut short after {offset} unpacked bytes", path.display())]
    Unpack { path: PathBuf, offset: u64, source: io::Error },

    /// The file does not begin as a database does.
    #[error("{}: not an SQLite database: the magic string at offset 0 is missing", path.display())]
    NotDatabase { path: PathBuf },
    /// A page size that SQLite does not allow.
    #[error("{}: page size {value} at offset {offset} is not a power of two from 512 to 65536", path.display())]
    PageBytes { path: PathBuf, offset: u64, value: u32 },
    /// The file's length is no whole number of pages.
    #[error("{}: a partial page at offset {offset}: {file_bytes} bytes are not whole pages of {page_bytes}", path.display())]
    PartialPage { path: PathBuf, offset: u64, file_bytes: u64, page_bytes: u32 },
    /// The file holds more pages than SQLite can number.
    #[error("{}: {page_count} pages are more than SQLite can number", path.display())]
    TooManyPages { path: PathBuf, page_count: u64 },

    /// The log has no bytes at all.
    #[error("{}: not an SQLite write-ahead log: the file is empty, nothing at offset 0", path.display())]
    WalEmpty { path: PathBuf },
    /// The log ends inside its header.
    #[error("{}: cut short at offset {file_bytes}, inside the 32 bytes of a write-ahead log's header", path.display())]
    WalHeaderCut { path: PathBuf, file_bytes: usize },
    /// The file does not begin as a write-ahead log does.
    #[error("{}: not an SQLite write-ahead log: magic number {value:#010x} at offset 0", path.display())]
    WalMagic { path: PathBuf, value: u32 },
    /// A format version that is not the one SQLite has ever written.
    #[error("{}: unsupported write-ahead log version {value} at offset 4, not 3007000", path.display())]
    WalVersion { path: PathBuf, value: u32 },
    /// The log's header is damaged.
    #[error("{}: header checksum at offset 24 is {stored:016x}, the header gives {computed:016x}", path.display())]
    WalHeaderChecksum { path: PathBuf, stored: u64, computed: u64 },
    /// The log belongs to a database of another page size.
    #[error("{}: page size {wal_page_bytes} at offset 8, but {} has pages of {page_bytes}", path.display(), database.display())]
    PageBytesDiffer { path: PathBuf, wal_page_bytes: u32, database: PathBuf, page_bytes: u32 },

    /// A frame is damaged, and commits of this log stand at or behind it.
    #[error("{}: frame {frame} at offset {offset} has a bad checksum: stored {stored:016x}, computed {computed:016x}; the commit in frame {commit} needs it", path.display())]
    FrameChecksum { path: PathBuf, frame: u64, offset: u64, stored: u64, computed: u64, commit: u64 },
    /// A frame bears salts of another log, and commits of this log stand behind it.
    #[error("{}: frame {frame} at offset {offset} bears another log's salts; the commit in frame {commit} needs it", path.display())]
    FrameSalts { path: PathBuf, frame: u64, offset: u64, commit: u64 },
    /// A frame is whole but names page 0, which no database has.
    #[error("{}: frame {frame} at offset {offset} names page 0", path.display())]
    FramePage { path: PathBuf, frame: u64, offset: u64 },
    /// A transaction claims more pages than it and the database before it hold.
    #[error("{}: the commit in frame {frame} at offset {offset} claims {after} pages, after {before} and {image_count} images", path.display())]
    Growth { path: PathBuf, frame: u64, offset: u64, before: u32, after: u32, image_count: u64 },

    /// A line of a digest list that is not one.
    #[error("digest list, line {line}: expected \"number pages sha256\"")]
    DigestLine { line: usize },
}
