//! What came of the lanes: a table, and whether all is well.

use std::{fmt::Write, time::Duration};

use mmsb_types::plant::Fault;

use super::Tally;

/// A lane's line in the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// The lane.
    pub name: &'static str,
    /// What it did.
    pub tally: Tally,
    /// Whether it noticed what was planted.
    pub twins: Vec<Twin>,
    /// How long all of that took.
    pub took: Duration,
}

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Which.
    pub fault: Fault,
    /// Whether the lane noticed it.
    pub is_caught: bool,
}

impl Row {
    /// Tells whether nothing failed and everything planted was found.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.tally.failures.is_empty() && self.twins.iter().all(|twin| twin.is_caught)
    }
}

/// Returns the rows as text.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<13} | {:>9} | {:>6} | twins | {:>7}\n", "lane", "tried", "failed", "seconds");
    for Row { name, tally, twins, took } in rows {
        let caught = twins.iter().filter(|twin| twin.is_caught).count();
        let (tried, failed) = (tally.tried, tally.failures.len());
        let seconds = took.as_secs_f64();
        let _ = write!(
            text,
            "{name:<13} | {tried:>9} | {failed:>6} | {caught:>2}/{:<2} | {seconds:>7.1}",
            twins.len()
        );
        let missed = twins.iter().filter(|twin| !twin.is_caught);
        let missed: Vec<String> = missed.map(|twin| format!("{:?}", twin.fault)).collect();
        if !missed.is_empty() {
            let _ = write!(text, " | missed: {}", missed.join(", "));
        }
        text.push('\n');
        tally.notes.iter().for_each(|note| text.push_str(&format!("{:<13} | {note}\n", "")));
    }
    text
}
