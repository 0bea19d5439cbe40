//! Rules that look at lines: heads, blanks, letters, lengths, paths.

use super::{FILE_LINES_CEILING, tokens::Tokens};

/// A broken rule: the line, counted from 1, and what is wrong there.
pub type Problem = (usize, String);

/// Beginnings of paths that exist on one person's machine only. Spelled in two halves, so that this file
/// keeps its own rule.
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("../sha", "red")];

/// The one file that may name a folder beside the checkout, where large recordings may lie.
const KNOWS_TRACES: &str = ".ci/run";

/// Returns the lines that name a path of one machine.
pub fn machine_paths(path: &str, text: &str) -> Vec<Problem> {
    let words = MACHINE_PATHS.iter().filter(|word| path != KNOWS_TRACES || !word.starts_with(".."));
    words.flat_map(|word| named(text, word)).collect()
}

/// Returns what is wrong with the lines of a Rust source as text.
pub fn shape(text: &str, tokens: &Tokens) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !text.starts_with("//! ") {
        problems.push((1, "the file does not start with a `//!` head".to_owned()));
    }
    let count = text.lines().count();
    if count > FILE_LINES_CEILING {
        problems.push((count, format!("{count} lines in the file, more than {FILE_LINES_CEILING}")));
    }
    for (number, line) in numbered(text) {
        problems.extend(line_problem(number, line, tokens).map(|what| (number, what)));
    }
    problems
}

fn line_problem(number: usize, line: &str, tokens: &Tokens) -> Option<String> {
    if let Some(stranger) = line.chars().find(|letter| !letter.is_ascii()) {
        return Some(format!("U+{:04X} is not ASCII", u32::from(stranger)));
    }
    if line.contains('\t') {
        return Some("a tab".to_owned());
    }
    // Inside a literal of several lines, blanks at the end are data.
    (line.ends_with([' ', '\r']) && !tokens.inside_literal(number)).then(|| "blanks at the end".to_owned())
}

fn named(text: &str, word: &'static str) -> impl Iterator<Item = Problem> {
    let lines = numbered(text).filter(move |(_, line)| line.contains(word));
    lines.map(move |(number, _)| (number, format!("names `{word}`, a path of one machine")))
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split('\n').enumerate().map(|(index, line)| (index + 1, line))
}
