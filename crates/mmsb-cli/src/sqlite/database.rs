//! The base file: the database as it was when its write-ahead log began.
//!
//! Only what an import needs is looked at: the magic string, the page size and the file's length.
//! An empty file is a legal database of no pages, whose page size the log decides.
//!
//! Invariant: `bytes` holds `page_count` whole pages.

use std::path::{Path, PathBuf};

use super::{Input, SqliteError, is_page_size};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Where the header keeps the page size: two bytes, big-endian, 1 for 65536.
const PAGE_BYTES_AT: usize = 16;

/// Where the header keeps the number of pages, big-endian.
const PAGE_COUNT_AT: usize = 28;

/// An SQLite database file in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    path: PathBuf,
    page_bytes: Option<u32>,
    page_count: u32,
    bytes: Vec<u8>,
}

impl Database {
    /// Reads the file at `path`, packed or not.
    ///
    /// # Errors
    /// Those of [`Input::open`] and [`Database::read`].
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        Self::read(Input::open(path)?)
    }

    /// Reads a whole database.
    ///
    /// # Errors
    /// Those of reading; [`SqliteError::NotDatabase`], [`SqliteError::PageBytes`],
    /// [`SqliteError::PartialPage`], [`SqliteError::TooManyPages`].
    pub fn read(mut input: Input) -> Result<Self, SqliteError> {
        let bytes = input.read_all()?;
        let path = input.path().to_owned();
        if bytes.is_empty() {
            return Ok(Self { path, page_bytes: None, page_count: 0, bytes });
        }
        let page_bytes = page_bytes(&path, &bytes)?;
        let page_count = page_count(&path, bytes.len() as u64, page_bytes)?;
        Ok(Self { path, page_bytes: Some(page_bytes), page_count, bytes })
    }

    /// Returns the name errors use.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the page size in bytes; `None` for an empty database.
    #[must_use]
    pub fn page_bytes(&self) -> Option<u32> {
        self.page_bytes
    }

    /// Returns the number of pages the file holds.
    #[must_use]
    pub fn page_count(&self) -> u32 {
        self.page_count
    }

    /// Returns the number of pages the header claims; `None` for an empty database.
    ///
    /// It may rightly differ from [`Database::page_count`]: old versions of SQLite left it stale, and
    /// a checkpoint that was interrupted leaves the newer header with the older length.
    #[must_use]
    pub fn header_page_count(&self) -> Option<u32> {
        self.bytes.get(PAGE_COUNT_AT..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }

    /// Yields every page with its number, from 1.
    pub fn pages(&self) -> impl ExactSizeIterator<Item = (u32, &[u8])> {
        let page_bytes = self.page_bytes.unwrap_or(1) as usize;
        self.bytes.chunks_exact(page_bytes).enumerate().map(|(index, page)| (index as u32 + 1, page))
    }

    /// Returns the file's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Hands the file's bytes over.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn page_bytes(path: &Path, bytes: &[u8]) -> Result<u32, SqliteError> {
    if !bytes.starts_with(MAGIC) || bytes.len() < PAGE_BYTES_AT + 2 {
        return Err(SqliteError::NotDatabase { path: path.to_owned() });
    }
    let stored = u16::from_be_bytes([bytes[PAGE_BYTES_AT], bytes[PAGE_BYTES_AT + 1]]);
    let value = if stored == 1 { 65_536 } else { u32::from(stored) };
    if is_page_size(value) {
        return Ok(value);
    }
    Err(SqliteError::PageBytes { path: path.to_owned(), offset: PAGE_BYTES_AT as u64, value })
}

fn page_count(path: &Path, file_bytes: u64, page_bytes: u32) -> Result<u32, SqliteError> {
    let page_count = file_bytes / u64::from(page_bytes);
    if !file_bytes.is_multiple_of(u64::from(page_bytes)) {
        let offset = page_count * u64::from(page_bytes);
        return Err(SqliteError::PartialPage { path: path.to_owned(), offset, file_bytes, page_bytes });
    }
    u32::try_from(page_count).map_err(|_| SqliteError::TooManyPages { path: path.to_owned(), page_count })
}
