//! A state of an imported bus becomes a database file again, byte for byte.
//!
//! Invariant: a file appears whole and under its own name only, or not at all; none is ever replaced.

mod error;
mod layout;

use std::{
    fs::Permissions,
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use mmsb::Past;
use tempfile::NamedTempFile;

pub use self::{error::ExportError, layout::Layout};

/// What any new file may be, before the user's mask.
const FILE_MODE: u32 = 0o666;

/// What an export came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// Pages written.
    pub page_count: u32,
    /// The length of each, in bytes.
    pub page_bytes: u32,
}

/// Writes the database as it was in `past` to the new file `file`.
///
/// # Errors
/// Those of [`Layout::of`] if `past` holds no database; [`ExportError::FileExists`],
/// [`ExportError::Io`].
pub fn export(past: &Past, file: &Path) -> Result<Exported, ExportError> {
    let layout = Layout::of(past)?;
    let failed = |operation| move |source| ExportError::Io { operation, path: file.to_owned(), source };
    let temporary = write_beside(file, &layout).map_err(failed("writing"))?;
    temporary.persist_noclobber(file).map_err(|refused| match refused.error.kind() {
        io::ErrorKind::AlreadyExists => ExportError::FileExists { path: file.to_owned() },
        _ => failed("renaming to")(refused.error),
    })?;
    Ok(Exported { page_count: layout.page_count(), page_bytes: layout.page_bytes() })
}

/// In the same directory, so that renaming it is one step.
fn write_beside(file: &Path, layout: &Layout<'_>) -> io::Result<NamedTempFile> {
    let parent = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A directory that is not there is told as such, not by the temporary file's name.
    parent.metadata()?;
    let mut builder = tempfile::Builder::new();
    let temporary = builder.permissions(Permissions::from_mode(FILE_MODE)).tempfile_in(parent)?;
    let mut writer = BufWriter::new(temporary.as_file());
    layout.pages().iter().try_for_each(|page| writer.write_all(page))?;
    writer.flush()?;
    drop(writer);
    temporary.as_file().sync_all()?;
    Ok(temporary)
}
