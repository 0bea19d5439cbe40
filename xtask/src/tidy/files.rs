//! The files that the rules look at: everything git tracks, and everything it would offer to track.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::command::{command, output};

/// One file of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path, relative to the workspace, with forward slashes.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its contents, if they are UTF-8 text and not over the ceiling.
    pub text: Option<String>,
}

impl SourceFile {
    /// Makes a text file that exists nowhere.
    #[must_use]
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), bytes: text.len() as u64, text: Some(text.to_owned()) }
    }

    /// Tells whether the file is Rust source.
    #[must_use]
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Reads every tracked or trackable file of the repository in `root`; files that are gone are left out.
///
/// # Errors
/// If git fails or a file cannot be read.
pub fn read_all(root: &Path) -> Result<Vec<SourceFile>> {
    let args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listing = output(command(root, "git", &args))?;
    let listing = String::from_utf8(listing).context("a file name is not UTF-8")?;
    let paths = listing.split_terminator('\0').filter(|path| root.join(path).is_file());
    paths.map(|path| read_one(root, path)).collect()
}

fn read_one(root: &Path, path: &str) -> Result<SourceFile> {
    let place = root.join(path);
    let bytes = fs::metadata(&place).with_context(|| format!("reading {path}"))?.len();
    let text = if bytes > super::FILE_BYTES_CEILING {
        None
    } else {
        String::from_utf8(fs::read(&place).with_context(|| format!("reading {path}"))?).ok()
    };
    Ok(SourceFile { path: path.to_owned(), bytes, text })
}
