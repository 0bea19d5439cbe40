//! Why an import failed: the recording, or the bus.

use crate::sqlite::SqliteError;

/// Why a recorded database could not be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The recording is damaged or cannot be read.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// The bus could not be created or refused a commit.
    #[error(transparent)]
    Bus(#[from] mmsb::Error),
}
