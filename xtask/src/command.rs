//! Running other programs, with their output shown or taken, and the folder they run in.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

/// Makes a call of `program` in the folder `root`.
pub fn command<S: AsRef<std::ffi::OsStr>>(root: &Path, program: &str, args: &[S]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root).args(args);
    command
}

/// Runs a call with its output shown; tells whether it succeeded.
pub fn succeeds(mut command: Command) -> Result<bool> {
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    Ok(status.success())
}

/// Runs a call and returns what it printed; its failure is an error.
pub fn output(mut command: Command) -> Result<Vec<u8>> {
    let output = command.output().with_context(|| format!("starting {command:?}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {}", complaint.trim_end());
    Ok(output.stdout)
}

/// The folder of the workspace's manifest: cargo names this package's folder in the environment; when
/// the binary is started by hand, the folder it was built from stands in.
pub fn workspace_root() -> Result<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&package).parent().context("the package's folder has no parent")?;
    root.canonicalize().with_context(|| format!("opening the workspace at {}", root.display()))
}
