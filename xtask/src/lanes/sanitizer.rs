//! What the sanitizers' lanes have in common: the library built along, faults that must be reported, and
//! suites in which nothing may be.
//!
//! The standard library is built with the sanitizer: one that does not see the library's locks takes what
//! they order for races. What no sanitizer sees gives way: assembly to Rust (`--cfg sanitized`), and system
//! calls to the C library's functions (`--cfg rustix_use_libc`), for one that does not see memory being unmapped
//! takes the next mapping there for the same memory.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::tools::{Needs, Toolchain, host, is_lacking, run_calls, shown, target_dir};

/// The test binary that plants faults, and how cargo is asked for it.
const PLANTED: [&str; 6] = ["--package", "mmsb-page", "--features", "plant", "--test", "planted"];

/// A lane under one sanitizer.
pub(super) struct Sanitizer {
    /// The lane's name.
    pub lane: &'static str,
    /// The sanitizer's, as the compiler knows it.
    pub name: &'static str,
    /// The variable that it takes its options from, and the options.
    pub options: (&'static str, &'static str),
    /// What each of its reports says.
    pub report: &'static str,
    /// Tests with a fault planted that it must report: if it does not, it sees nothing, and the lane fails.
    pub planted: &'static [&'static str],
    /// What cargo is asked to test, words apart.
    pub suites: &'static [&'static str],
}

impl Sanitizer {
    /// Runs the lane; tells whether each planted fault was reported, and nothing else was.
    ///
    /// # Errors
    /// If cargo cannot be started.
    pub(super) fn run(&self, root: &Path) -> Result<bool> {
        if is_lacking(self.lane, root, &[Needs::Linux64, Needs::RustSource]) {
            return Ok(true);
        }
        let toolchain = Toolchain::with_source(root).context("the library's source is gone")?;
        let (host, target) = (host(root)?, target_dir(root, self.lane)?);
        let call = |words: &[&str]| self.call(toolchain, root, &host, &target, words);
        for test in self.planted {
            let words = [&PLANTED[..], &["--", "--exact", test]].concat();
            if !self.is_reported(test, call(&words))? {
                return Ok(false);
            }
        }
        let suites = self.suites.iter().map(|suite| call(&suite.split(' ').collect::<Vec<_>>()));
        run_calls(self.lane, suites)
    }

    fn call(&self, of: Toolchain, root: &Path, host: &str, target: &PathBuf, words: &[&str]) -> Command {
        let mut call = of.cargo(root, &["test", "-Zbuild-std", "--quiet"]);
        call.args(["--target", host]).arg("--target-dir").arg(target).args(words);
        call.env("RUSTFLAGS", format!("-Zsanitizer={} --cfg sanitized --cfg rustix_use_libc", self.name));
        call.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env(self.options.0, self.options.1);
        call
    }

    /// Runs a test that ought to be reported; tells whether it was, and shows by which words.
    fn is_reported(&self, test: &str, mut call: Command) -> Result<bool> {
        println!("{}: {}", self.lane, shown(&call));
        let output = call.output().context("starting cargo")?;
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let told = told.concat();
        let report = told.lines().find(|line| line.contains(self.report));
        let is_reported = !output.status.success() && report.is_some();
        if is_reported {
            println!("{}: reported, as it must be: {}", self.lane, report.unwrap_or_default().trim());
        } else {
            eprintln!("{told}\n{}: failed: nobody noticed {test}", self.lane);
        }
        Ok(is_reported)
    }
}
