//! The corpus: inputs that are kept, in `fuzz/corpus/<target>`, one a file.

use std::{fs, io, path::PathBuf};

use super::Target;

/// Returns the folder of a target.
#[must_use]
pub fn folder(target: &Target) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "../../fuzz/corpus", target.name].iter().collect()
}

/// Reads the inputs of a target, each with the name of its file, in the order of the names.
///
/// # Errors
/// What the operating system answers.
pub fn read(target: &Target) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(folder(target))? {
        let entry = entry?;
        inputs.push((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?));
    }
    inputs.sort();
    Ok(inputs)
}
