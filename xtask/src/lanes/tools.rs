//! What a lane needs beyond the stable toolchain, and whether it is there.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

use crate::command::{command, output, succeeds};

/// The toolchain of the lanes that no other compiler can run.
pub(super) const NIGHTLY: &str = "+nightly";

/// Something that a lane cannot do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A nightly compiler.
    Nightly,
    /// Its interpreter.
    Miri,
    /// A compiler with the source of its standard library, to build that with a sanitizer, too.
    RustSource,
    /// A machine that the sanitizer runs on.
    Linux64,
}

/// What is missing, and how to get it; no failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing(Needs);

impl Needs {
    /// Looks for it; a tool that cannot be started is missing.
    ///
    /// # Errors
    /// What is missing.
    pub fn look(self, root: &Path) -> Result<(), Missing> {
        let is_there = match self {
            Self::Nightly => answers(command(root, "rustc", &[NIGHTLY, "--version"])),
            Self::Miri => answers(command(root, "cargo", &[NIGHTLY, "miri", "--version"])),
            Self::RustSource => Toolchain::with_source(root).is_some(),
            Self::Linux64 => cfg!(all(target_os = "linux", target_pointer_width = "64")),
        };
        if is_there { Ok(()) } else { Err(Missing(self)) }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Needs::Nightly => "no nightly toolchain here (rustup toolchain install nightly)",
            Needs::Miri => "no Miri here (rustup component add --toolchain nightly miri rust-src)",
            Needs::RustSource => {
                "no library source here, and a library built without the sanitizer hides its locks from \
                 it (rustup component add rust-src, or .ci/library-source on Debian)"
            }
            Needs::Linux64 => "the sanitizer runs on 64-bit Linux only",
        })
    }
}

/// A toolchain that unstable options can be asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// The nightly one.
    Nightly,
    /// The workspace's own, told that it may: a build of the lane's, which ships nothing.
    Own,
}

impl Toolchain {
    /// Returns one that has its library's source.
    pub(super) fn with_source(root: &Path) -> Option<Self> {
        [Self::Nightly, Self::Own].into_iter().find(|toolchain| toolchain.has_source(root))
    }

    /// A call of its cargo.
    pub(super) fn cargo(self, root: &Path, args: &[&str]) -> Command {
        self.call(root, "cargo", args)
    }

    fn call(self, root: &Path, program: &str, args: &[&str]) -> Command {
        match self {
            Self::Nightly => command(root, program, &[&[NIGHTLY], args].concat()),
            Self::Own => {
                let mut call = command(root, program, args);
                call.env("RUSTC_BOOTSTRAP", "1");
                call
            }
        }
    }

    fn has_source(self, root: &Path) -> bool {
        let Ok(sysroot) = output(self.call(root, "rustc", &["--print", "sysroot"])) else { return false };
        let sysroot = String::from_utf8_lossy(&sysroot);
        Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/std/Cargo.toml").is_file()
    }
}

/// Runs the calls in order until one fails, unless something is missing; tells whether none failed.
pub(super) fn run_lane(
    lane: &str,
    root: &Path,
    needs: &[Needs],
    calls: impl IntoIterator<Item = Command>,
) -> Result<bool> {
    if is_lacking(lane, root, needs) { Ok(true) } else { run_calls(lane, calls) }
}

/// Tells whether something that the lane needs is missing, and says so.
pub(super) fn is_lacking(lane: &str, root: &Path, needs: &[Needs]) -> bool {
    let missing = needs.iter().find_map(|need| need.look(root).err());
    missing.inspect(|missing| println!("{lane}: skipped: {missing}")).is_some()
}

/// Runs the calls in order until one fails; tells whether none failed.
pub(super) fn run_calls(lane: &str, calls: impl IntoIterator<Item = Command>) -> Result<bool> {
    for call in calls {
        println!("{lane}: {}", shown(&call));
        if !succeeds(call)? {
            eprintln!("{lane}: failed");
            return Ok(false);
        }
    }
    println!("{lane}: passed");
    Ok(true)
}

/// Returns a folder of its own for a lane's build, so that its flags do not rebuild everybody's.
pub(super) fn target_dir(root: &Path, lane: &str) -> Result<PathBuf> {
    let metadata =
        MetadataCommand::new().current_dir(root).no_deps().exec().context("reading cargo metadata")?;
    Ok(metadata.target_directory.join(lane).into())
}

/// Returns the triple of this machine, as the compiler names it.
pub(super) fn host(root: &Path) -> Result<String> {
    let told = String::from_utf8(output(command(root, "rustc", &["--version", "--verbose"]))?)?;
    let line = told.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not name its host")?.to_owned())
}

/// A call as a person would type it, its environment first.
pub(super) fn shown(call: &Command) -> String {
    let quoted = |text: &std::ffi::OsStr| {
        let text = text.to_string_lossy();
        if text.contains(' ') { format!("{text:?}") } else { text.into_owned() }
    };
    let set = call.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let words = set.map(|(name, value)| format!("{}={}", name.to_string_lossy(), quoted(value)));
    let words = words.chain(std::iter::once(call.get_program()).chain(call.get_args()).map(quoted));
    words.collect::<Vec<_>>().join(" ")
}

/// Tells whether a call can be started and succeeds; what it prints is of no interest.
fn answers(call: Command) -> bool {
    output(call).is_ok()
}
