//! Judging outcomes, and saying the verdict in a few lines of text.
//!
//! Invariant: whether a line passed is decided here and nowhere else.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};

use crate::{Bar, BarKind, Context, Figure, JudgedBar, Line, LineRecord, Outcome};

const TICK: char = '\u{2713}';
const CROSS: char = '\u{2717}';

/// A line and what became of it.
pub(crate) struct Judged {
    line: &'static str,
    number: Option<u8>,
    question: &'static str,
    result: Result<Vec<Row>>,
    failures: Vec<String>,
    notes: Vec<String>,
    passed: bool,
}

/// A figure and its bars.
struct Row {
    figure: Figure,
    bars: Vec<JudgedBar>,
}

impl Judged {
    /// Judges what a line returned; with `lenient`, bars on speed are told and decide nothing.
    pub fn new(line: &Line, outcome: Result<Outcome>, lenient: bool, context: &mut Context) -> Self {
        let (result, told) = match outcome {
            Ok(outcome) => (rows(&outcome, context), [outcome.failures, outcome.notes]),
            Err(error) => (Err(error), Default::default()),
        };
        let clear = result.as_ref().is_ok_and(|rows| rows.iter().all(|row| row.clears(lenient)));
        let [failures, notes] = told;
        let passed = clear && failures.is_empty();
        let Line { name: line, number, question, .. } = *line;
        Self { line, number, question, result, failures, notes, passed }
    }

    /// Returns the line as data.
    pub fn record(&self) -> LineRecord {
        let rows = self.result.as_deref().unwrap_or_default();
        let error = self.result.as_ref().err().map(|error| format!("{error:#}"));
        LineRecord {
            name: self.line.to_owned(),
            number: self.number,
            question: self.question.to_owned(),
            passed: self.passed,
            figures: rows.iter().map(|row| row.figure.clone()).collect(),
            bars: rows.iter().flat_map(|row| row.bars.clone()).collect(),
            failures: error.into_iter().chain(self.failures.clone()).collect(),
            notes: self.notes.clone(),
        }
    }

    /// Returns the mark, the line's name and question, and under it one line a figure.
    pub fn text(&self) -> String {
        let mark = if self.passed { TICK } else { CROSS };
        let number = self.number.map(|number| format!("{number} ")).unwrap_or_default();
        let mut text = format!("{mark} {number}{}: {}\n", self.line, self.question);
        match &self.result {
            Ok(rows) => rows.iter().for_each(|row| text += &row.text()),
            Err(error) => text += &format!("    failed: {error:#}\n"),
        }
        self.failures.iter().for_each(|failure| text += &format!("    failed: {failure}\n"));
        self.notes.iter().for_each(|note| text += &format!("    note: {note}\n"));
        text
    }
}

impl Row {
    fn clears(&self, lenient: bool) -> bool {
        let decides = self.figure.unit.is_size() || !lenient;
        let missed = |measured: &JudgedBar| measured.bar.kind == BarKind::Must && !measured.holds;
        !(decides && self.bars.iter().any(missed))
    }

    fn text(&self) -> String {
        let Figure { name, unit, sample } = &self.figure;
        let mut text = format!("    {name:<24} {:>9.2} {}", sample.median, unit.sign());
        let _ = write!(text, " ({:.2} .. {:.2})", sample.min, sample.max);
        self.bars.iter().for_each(|measured| text += &format!("; {}", measured));
        text + "\n"
    }
}

fn rows(outcome: &Outcome, context: &mut Context) -> Result<Vec<Row>> {
    ensure!(!outcome.figures.is_empty(), "the line measured nothing");
    let names: Vec<&str> = outcome.figures.iter().map(|figure| figure.name.as_str()).collect();
    let stray = outcome.bars.iter().find(|bar| !names.contains(&bar.figure.as_str()));
    ensure!(stray.is_none(), "a bar is for the figure `{}`, which there is not", stray.unwrap().figure);
    outcome.figures.iter().map(|figure| row(figure, &outcome.bars, context)).collect()
}

fn row(figure: &Figure, bars: &[Bar], context: &mut Context) -> Result<Row> {
    let own = bars.iter().filter(|bar| bar.figure == figure.name);
    let bars = own.map(|bar| measured(figure, bar, context)).collect::<Result<_>>();
    Ok(Row { figure: figure.clone(), bars: bars.with_context(|| format!("judging `{}`", figure.name))? })
}

fn measured(figure: &Figure, bar: &Bar, context: &mut Context) -> Result<JudgedBar> {
    let worst = bar.op.worst(&figure.sample);
    let mut value = if bar.always { worst } else { figure.sample.median };
    if let Some(kind) = bar.limit {
        let limit = context.limit(kind)?;
        ensure!(
            limit.unit == figure.unit,
            "a figure in {:?} against a limit in {:?}",
            figure.unit,
            limit.unit
        );
        value /= limit.sample.median;
    }
    Ok(JudgedBar { bar: bar.clone(), measured: value, holds: bar.op.holds(value, bar.value) })
}
