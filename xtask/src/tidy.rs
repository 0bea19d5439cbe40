//! Rules for source files: what a reader may rely on in every one of them.
//!
//! Rust sources: a `//!` head, ASCII only, no tabs, no trailing blanks, no unfinished or debugging macro,
//! an argued reason for every `allow`, no `thread::sleep` outside benches and examples unless listed here,
//! at most [`FILE_LINES_CEILING`] lines a file and [`FUNCTION_LINES_CEILING`] a function. Every text file:
//! no path of one person's machine. Every file: at most [`FILE_BYTES_CEILING`] bytes.
//!
//! Beside the ceilings stands a [`ratchet`]: medians, 90th percentiles and maxima only get smaller.

mod files;
mod lines;
pub mod ratchet;
mod tokens;

use std::{fs, path::Path};

use anyhow::{Context, Result};

pub use files::{SourceFile, read_all};
use ratchet::Figures;

/// Most lines of a source file.
pub const FILE_LINES_CEILING: usize = 500;
/// Most lines of a function, from the line of its `fn` to that of its closing brace.
pub const FUNCTION_LINES_CEILING: usize = 70;
/// Most bytes of a file in the repository (2 MB).
pub const FILE_BYTES_CEILING: u64 = 2_000_000;

const RATCHET: &str = "xtask/tidy.ratchet";

/// Files that may call `thread::sleep`, each with the reason why nothing better serves.
const SLEEPERS: &[(&str, &str)] = &[
    (
        "crates/mmsb-page/src/sync.rs",
        "a committer that finds every number taken naps between looks, once spinning did not help",
    ),
    (
        "crates/mmsb-testkit/src/torture/lanes/kill.rs",
        "a process lives for a drawn time before it is killed: a condition would pick the moments of death",
    ),
    (
        "crates/mmsb-cli/src/cmd/stats/watch.rs",
        "nobody wakes who looks at another process's files now and then",
    ),
    (
        "crates/mmsb-types/src/turns.rs",
        "in shuttle's build nothing sleeps: it is how a thread offers its turn and stays ready",
    ),
];

/// Checks the workspace in `root`, prints what is wrong, and tells whether nothing is; with `update`
/// lowers the ratchet to today's figures.
///
/// # Errors
/// If git or a file cannot be read, or the ratchet cannot be parsed or written.
pub fn run(root: &Path, update: bool) -> Result<bool> {
    let files = read_all(root)?;
    let figures = Figures::of(&files);
    let path = root.join(RATCHET);
    let stored = fs::read_to_string(&path).with_context(|| format!("reading {RATCHET}"))?;
    let stored = Figures::parse(&stored).with_context(|| format!("parsing {RATCHET}"))?;
    let mut problems = check(&files);
    problems.extend(figures.worse_than(&stored));
    problems.iter().for_each(|problem| eprintln!("tidy: {problem}"));
    if update {
        fs::write(&path, figures.lowest(&stored).text()).with_context(|| format!("writing {RATCHET}"))?;
    }
    println!("tidy: {} files; {}", files.len(), figures.summary());
    Ok(problems.is_empty())
}

/// Returns one line, `path:line: what`, for each broken rule of any file. The ratchet is not looked at.
#[must_use]
pub fn check(files: &[SourceFile]) -> Vec<String> {
    files.iter().flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<String> {
    let mut problems = Vec::new();
    if file.bytes > FILE_BYTES_CEILING {
        let bytes = file.bytes;
        problems.push(format!("{}: {bytes} bytes, more than {FILE_BYTES_CEILING}", file.path));
    }
    let Some(text) = &file.text else { return problems };
    let mut found = lines::machine_paths(&file.path, text);
    if file.is_rust() {
        found.extend(check_rust(&file.path, text));
    }
    found.sort();
    problems.extend(found.into_iter().map(|(line, what)| format!("{}:{line}: {what}", file.path)));
    problems
}

fn check_rust(path: &str, text: &str) -> Vec<lines::Problem> {
    let tokens = tokens::read(text);
    let mut found = lines::shape(text, &tokens);
    found.extend(tokens::words(text, &tokens, may_sleep(path)));
    found.extend(tokens::long_functions(&tokens));
    found
}

fn may_sleep(path: &str) -> bool {
    path.split('/').any(|folder| matches!(folder, "benches" | "examples"))
        || SLEEPERS.iter().any(|(listed, _)| *listed == path)
}
