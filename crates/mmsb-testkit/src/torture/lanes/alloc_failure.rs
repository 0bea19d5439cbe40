//! No memory: one allocation fails in a process that opens a bus, looks at it and verifies it.
//!
//! What is promised: an allocation whose size a file tells, of more than [`SMALL_BYTES_MAX`], fails with an error that
//! says so. A smaller one ends the process, as it does in any Rust program. Either way nothing is lost, and nothing
//! is told that is not so.

mod reader;
mod store;

use std::{fs, path::Path, process::Output};

pub(super) use self::reader::child;
use self::store::Store;
use crate::torture::{Tally, Task, pool};

/// The longest allocation whose failure may end the process.
const SMALL_BYTES_MAX: u64 = 64 << 10;
/// The signal by which a process ends itself.
const ABORTED: i32 = 6;

pub(super) fn run(task: &Task) -> Tally {
    let store = match Store::new(task.seed) {
        Ok(store) => store,
        Err(what) => return Tally { failures: vec![what], ..Tally::default() },
    };
    pool::each("alloc-failure", task, task.cases, |case| {
        let place = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = place.path().join("bus");
        store.copy_to(&path).map_err(|error| error.to_string())?;
        let output = reader::spawn(&path, case + 1).map_err(|error| error.to_string())?;
        judge(&output, &store).map_err(|what| format!("allocation {}: {what}", case + 1))?;
        let left = reader::read(&path).map_err(|error| format!("opening what is left: {error}"))?;
        if left == store.expected { Ok(1) } else { Err(format!("{left} is left, not {}", store.expected)) }
    })
}

/// Tells whether the process ended in a way that was promised.
fn judge(output: &Output, store: &Store) -> Result<(), String> {
    let (told, cries) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match told.trim_end() {
        reader::NO_MEMORY => Ok(()),
        seen if seen == store.expected => Ok(()),
        "" if was_aborted(output) => match refused_bytes(&cries) {
            Some(..=SMALL_BYTES_MAX) => Ok(()),
            _ => Err(format!("it ended itself: {cries}")),
        },
        other => Err(format!("{:?}, {other:?}, {cries}", output.status)),
    }
}

#[cfg(unix)]
fn was_aborted(output: &Output) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&output.status) == Some(ABORTED)
}

#[cfg(not(unix))]
fn was_aborted(output: &Output) -> bool {
    !output.status.success()
}

/// Returns how many bytes the process says that it could not have.
fn refused_bytes(cries: &str) -> Option<u64> {
    cries.split_once("memory allocation of ")?.1.split_once(" bytes failed")?.0.parse().ok()
}

/// Copies the files of a directory.
fn copy(source: &Path, target: &Path) -> std::io::Result<()> {
    fs::create_dir(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        fs::copy(entry.path(), target.join(entry.file_name()))?;
    }
    Ok(())
}
