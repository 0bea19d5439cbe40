//! Why a state could not be exported: no database in it, or no file to be had.

use std::{io, path::PathBuf};

use mmsb::{Epoch, PageId};

/// Why a state could not be written as a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the fields are the facts each message spells out")]
pub enum ExportError {
    /// The state has no pages.
    #[error("{epoch} has no pages, so no database: choose a later epoch")]
    NoPages { epoch: Epoch },
    /// A page that no import made.
    #[error(
        "{page} {} at {epoch}: not an imported SQLite database, whose pages are named 1, 2, 3 and so on",
        name.as_ref().map_or_else(|| "has no name".to_owned(), |name| format!("is named {name:?}"))
    )]
    PageName { page: PageId, name: Option<String>, epoch: Epoch },
    /// The names have a gap.
    #[error("no page is named {number} at {epoch}, of {page_count} pages: not an imported SQLite database")]
    PageMissing { number: u32, page_count: usize, epoch: Epoch },
    /// A page of another length than the first one.
    #[error("{page} has {page_bytes} bytes, others have {expected}: not an imported SQLite database")]
    PageBytes { page: PageId, page_bytes: u32, expected: u32 },
    /// The file is there already; it was not touched.
    #[error("{} already exists: choose another file, or remove it first", path.display())]
    FileExists { path: PathBuf },
    /// The operating system refused.
    #[error("{operation} {}", path.display())]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
}
