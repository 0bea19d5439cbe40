//! The ratchet: how long files and functions are, and the stored figures that they may not exceed.
//!
//! The stored text has one `name figure` pair a line, in a fixed order; lines with `#` are comments.
//!
//! Invariant: an update never raises a figure.

use anyhow::{Context, Result, bail, ensure};

use super::{SourceFile, tokens};

const NAMES: [&str; 6] = [
    "file_lines_median",
    "file_lines_p90",
    "file_lines_max",
    "function_lines_median",
    "function_lines_p90",
    "function_lines_max",
];

const HEAD: &str = "# Lengths of Rust files and functions, in lines. `cargo xtask tidy` fails when the workspace\n\
                    # exceeds one; `cargo xtask tidy --update` lowers them to what is reached, never raises them.\n";

/// Six lengths in lines, in the order of the stored text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures([usize; 6]);

impl Figures {
    /// Measures the Rust files among `files`.
    #[must_use]
    pub fn of(files: &[SourceFile]) -> Self {
        let rust = files.iter().filter(|file| file.is_rust());
        let texts: Vec<&str> = rust.filter_map(|file| file.text.as_deref()).collect();
        let files = sorted(texts.iter().map(|text| text.lines().count()).collect());
        let functions = texts.iter().flat_map(|text| tokens::read(text).functions);
        let functions = sorted(functions.map(|function| function.line_count).collect());
        let of = |lengths: &[usize]| [0.5, 0.9, 1.0].map(|share| quantile(lengths, share));
        let ([a, b, c], [d, e, f]) = (of(&files), of(&functions));
        Self([a, b, c, d, e, f])
    }

    /// Reads the stored text.
    ///
    /// # Errors
    /// If a figure is missing, unknown, out of order or no number.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let mut figures = [0; 6];
        for (name, figure) in NAMES.iter().zip(&mut figures) {
            let line = lines.next().with_context(|| format!("`{name}` is missing"))?;
            let Some((found, number)) = line.split_once(' ') else { bail!("`{line}` is no name and figure") };
            ensure!(found == *name, "`{found}` stands where `{name}` belongs");
            *figure = number.trim().parse().with_context(|| format!("`{number}` is no figure"))?;
        }
        match lines.next() {
            Some(line) => bail!("`{line}` is one line too many"),
            None => Ok(Self(figures)),
        }
    }

    /// Returns the text to store.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = NAMES.iter().zip(self.0).map(|(name, figure)| format!("{name} {figure}\n"));
        lines.fold(HEAD.to_owned(), |text, line| text + &line)
    }

    /// Returns one line for each figure that exceeds the stored one.
    #[must_use]
    pub fn worse_than(&self, stored: &Self) -> Vec<String> {
        let rows = NAMES.iter().zip(self.0).zip(stored.0);
        let worse = rows.filter(|((_, now), then)| now > then);
        worse.map(|((name, now), then)| format!("{name} is {now}, the ratchet stands at {then}")).collect()
    }

    /// Returns the smaller of each pair of figures.
    #[must_use]
    pub fn lowest(&self, stored: &Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index].min(stored.0[index])))
    }

    /// Returns the figures in one line, as median/p90/max.
    #[must_use]
    pub fn summary(&self) -> String {
        let [a, b, c, d, e, f] = self.0;
        format!("lines as median/p90/max: files {a}/{b}/{c}, functions {d}/{e}/{f}")
    }
}

fn sorted(mut lengths: Vec<usize>) -> Vec<usize> {
    lengths.sort_unstable();
    lengths
}

/// The smallest length that at least this share of all do not exceed; 0 of none.
fn quantile(sorted: &[usize], share: f64) -> usize {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}
