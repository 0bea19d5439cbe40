//! Where and from what a run was made.

use std::{env, fs, path::Path, process::Command, thread};

use serde::{Deserialize, Serialize};

/// The machine, the sources and the build of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Model of the processor, as the system calls it.
    pub cpu: String,
    /// Processors this process may use.
    pub cores: usize,
    /// Operating system and architecture.
    pub system: String,
    /// The commit of the sources, with `-dirty` behind it if files differed.
    pub commit: String,
    /// Version of the workspace.
    pub version: String,
    /// Version of the compiler.
    pub rustc: String,
    /// Profile of the build.
    pub profile: String,
}

impl Machine {
    /// Looks at this machine and this build.
    #[must_use]
    pub fn here() -> Self {
        Self {
            cpu: cpu(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            system: format!("{}-{}", env::consts::OS, env::consts::ARCH),
            commit: commit(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rustc: env!("MMSB_BENCH_RUSTC").to_owned(),
            profile: env!("MMSB_BENCH_PROFILE").to_owned(),
        }
    }

    /// Returns what has to be equal before two runs can be compared, as a file's name.
    #[must_use]
    pub fn slug(&self) -> String {
        let text = format!("{} {} cores {} {}", self.cpu, self.cores, self.system, self.profile);
        let words =
            text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
    }
}

fn cpu() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name"));
    model.map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':'])).to_owned()
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").arg("-C").arg(workspace()).args(args).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    let clean = git(&["status", "--porcelain"]).is_some_and(|changes| changes.is_empty());
    if clean { commit } else { commit + "-dirty" }
}

/// The folder of the workspace that this was built from.
pub(crate) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}
