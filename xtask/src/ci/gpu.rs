//! Tests of what a device changes: built once for all packages, then each package's run by itself.
//!
//! Invariant: packages and features are one selection, whoever builds them, so no dependency is built twice. With
//! `xtask` and `mmsb-page` in it, dependencies have the features that the whole workspace gives them.

use std::{
    env,
    io::BufReader,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use cargo_metadata::{Artifact, Message, camino::Utf8Path};

use crate::command::{command, succeeds};

/// What is built.
const SELECTION: [&str; 8] = [
    "--package=mmsb-gpu",
    "--package=mmsb",
    "--package=mmsb-cli",
    "--package=benches",
    "--package=mmsb-page",
    "--package=xtask",
    "--features=mmsb-gpu/device,mmsb/gpu,mmsb-cli/gpu,benches/gpu",
    "--quiet",
];

/// Packages, and which of their tests: all, or those that have one of these in their names.
const SUITES: [(&str, &[&str]); 4] = [
    ("mmsb-gpu", &[]),
    ("mmsb", &["mirror", "derive::device"]),
    ("mmsb-cli", &["mirror"]),
    // The line that measures a device, with a fault in a kernel.
    ("benches", &["gpu"]),
];

/// Checks everything that knows a device.
pub(super) fn clippy(root: &Path) -> Result<bool> {
    let mut call = command(root, "cargo", &["clippy"]);
    call.args(SELECTION).args(["--all-targets", "--", "-D", "warnings"]);
    succeeds(call)
}

/// Kernels, and what uses them, on a device. Without a driver it fails, unless `MMSB_GPU` says otherwise.
pub(super) fn test(root: &Path) -> Result<bool> {
    let Some(built) = Built::new(root)? else { return Ok(false) };
    for (package, names) in SUITES {
        let mut call = built.call(package)?;
        call.args(names);
        if !succeeds(with_device(call))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Programs that test packages.
pub(crate) struct Built(Vec<Artifact>);

impl Built {
    /// Builds them; none if they do not compile, which is told.
    pub(crate) fn new(root: &Path) -> Result<Option<Self>> {
        let mut call = command(root, "cargo", &["test", "--no-run", "--test=it"]);
        call.args(SELECTION).arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
        let mut cargo = call.spawn().context("starting cargo")?;
        let told = cargo.stdout.take().context("cargo tells nothing")?;
        let mut built = Vec::new();
        for message in Message::parse_stream(BufReader::new(told)) {
            if let Message::CompilerArtifact(artifact) = message.context("reading what cargo built")? {
                built.extend(artifact.executable.is_some().then_some(artifact));
            }
        }
        let has_built = cargo.wait().context("waiting for cargo")?.success();
        built.retain(|built| built.profile.test);
        Ok(has_built.then_some(Self(built)))
    }

    /// A call of all tests of a package, in its folder.
    pub(crate) fn call(&self, package: &str) -> Result<Command> {
        let folder = |test: &Artifact| test.manifest_path.parent().map(Utf8Path::to_owned);
        let tests = self.0.iter().find_map(|test| {
            Some((folder(test)?, test.executable.as_ref()?)).filter(|test| test.0.ends_with(package))
        });
        let (folder, program) = tests.with_context(|| format!("{package} has no tests"))?;
        Ok(command(folder.as_std_path(), program.as_str(), &["--quiet"]))
    }
}

fn with_device(mut call: Command) -> Command {
    if env::var_os("MMSB_GPU").is_none() {
        call.env("MMSB_GPU", "require");
    }
    call
}
