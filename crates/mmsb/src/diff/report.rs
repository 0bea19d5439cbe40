//! How differences read: for people, one line each; long ones are cut, and say so.

use std::fmt;

use mmsb_types::{Epoch, Label, Source};

use super::{ByteRun, Diff, GraphDifference, PageDiff, PageDifference};

const PAGES_SHOWN: usize = 16;
const RUNS_SHOWN: usize = 8;
const BYTES_SHOWN: usize = 16;

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The label at which they part, if runs were aligned by label.
    pub label: Option<Label>,
    /// The left run's state there.
    pub left: Side,
    /// The right run's state there.
    pub right: Side,
    /// The pages that differ there, by rising id.
    pub pages: Vec<PageDiff>,
    /// How the graphs differ there.
    pub graph: Vec<GraphDifference>,
}

/// One run at the place where two part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The epoch.
    pub epoch: Epoch,
    /// Its commit's label.
    pub label: Option<Label>,
    /// Who made that commit.
    pub source: Source,
}

/// How two runs compare, commit by commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunDiff {
    /// The first place where their states differ.
    pub divergence: Option<Divergence>,
    /// How many states were compared, up to the first that differs.
    pub compared_count: u64,
    /// Epochs or labels that only the left run has.
    pub only_left_count: u64,
    /// Epochs or labels that only the right run has.
    pub only_right_count: u64,
    /// The last state both have, on each side.
    pub last_common: Option<(Epoch, Epoch)>,
}

impl RunDiff {
    /// Tells whether the runs are the same: every state equal, none on one side only.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.divergence.is_none() && self.only_left_count == 0 && self.only_right_count == 0
    }
}

impl fmt::Display for RunDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.divergence {
            None => write!(f, "{} states compared, all equal", self.compared_count)?,
            Some(divergence) => write!(f, "{divergence}")?,
        }
        if self.only_left_count > 0 {
            write!(f, "\n{} only on the left", self.only_left_count)?;
        }
        if self.only_right_count > 0 {
            write!(f, "\n{} only on the right", self.only_right_count)?;
        }
        Ok(())
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "first difference at ")?;
        if let Some(label) = self.label {
            write!(f, "{label}, ")?;
        }
        write!(f, "{} / {}", self.left, self.right)?;
        write_pages(f, &self.pages)?;
        write_graph(f, &self.graph)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.epoch)?;
        write_label(f, self.label)?;
        if self.source.is_unknown() { Ok(()) } else { write!(f, " by {}", self.source) }
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return write!(f, "{} and {} are equal", self.left, self.right);
        }
        write!(f, "{} and {} differ in ", self.left, self.right)?;
        match self.pages.len() {
            0 => write!(f, "their graphs")?,
            1 => write!(f, "1 page")?,
            count => write!(f, "{count} pages")?,
        }
        write_pages(f, &self.pages)?;
        write_graph(f, &self.graph)
    }
}

impl fmt::Display for PageDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.page)?;
        if let PageDifference::Name { right: Some(right) } = &self.what
            && self.name.as_ref() == Some(right)
        {
            // The right name stands in for the one that the left page does not have.
            return write!(f, " has no name on the left, {right:?} on the right");
        }
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        write_what(f, &self.what)
    }
}

fn write_what(f: &mut fmt::Formatter<'_>, what: &PageDifference) -> fmt::Result {
    match what {
        PageDifference::OnlyLeft { page_bytes } => write!(f, " ({page_bytes} bytes) only on the left"),
        PageDifference::OnlyRight { page_bytes } => write!(f, " ({page_bytes} bytes) only on the right"),
        PageDifference::Length { left, right } => write!(f, " has {left} bytes / {right} bytes"),
        PageDifference::Name { right: Some(right) } => write!(f, " is named {right:?} on the right"),
        PageDifference::Name { right: None } => write!(f, " has no name on the right"),
        PageDifference::Bytes { runs, left_epoch, right_epoch } => {
            write!(f, ", written by {left_epoch} / {right_epoch}:")?;
            runs.iter().take(RUNS_SHOWN).try_for_each(|run| write!(f, "\n    {run}"))?;
            write_rest(f, "\n    ", runs.len(), RUNS_SHOWN, "runs")
        }
    }
}

impl fmt::Display for ByteRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}: ", self.offset, self.new.len())?;
        write_bytes(f, &self.old)?;
        write!(f, " -> ")?;
        write_bytes(f, &self.new)
    }
}

/// Writes ` label:N` if there is one.
pub(crate) fn write_label(f: &mut fmt::Formatter<'_>, label: Option<Label>) -> fmt::Result {
    label.map_or(Ok(()), |label| write!(f, " {label}"))
}

fn write_pages(f: &mut fmt::Formatter<'_>, pages: &[PageDiff]) -> fmt::Result {
    pages.iter().take(PAGES_SHOWN).try_for_each(|page| write!(f, "\n  {page}"))?;
    write_rest(f, "\n  ", pages.len(), PAGES_SHOWN, "pages")
}

fn write_graph(f: &mut fmt::Formatter<'_>, graph: &[GraphDifference]) -> fmt::Result {
    graph.iter().take(PAGES_SHOWN).try_for_each(|difference| write!(f, "\n  {difference}"))?;
    write_rest(f, "\n  ", graph.len(), PAGES_SHOWN, "differences between the graphs")
}

fn write_rest(f: &mut fmt::Formatter<'_>, lead: &str, count: usize, shown: usize, what: &str) -> fmt::Result {
    match count.checked_sub(shown) {
        None | Some(0) => Ok(()),
        Some(rest) => write!(f, "{lead}and {rest} {what} more"),
    }
}

fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().take(BYTES_SHOWN).try_for_each(|byte| write!(f, "{byte:02x}"))?;
    if bytes.len() > BYTES_SHOWN { write!(f, "..") } else { Ok(()) }
}
