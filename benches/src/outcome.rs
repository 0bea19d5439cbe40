//! What a line found: figures, and the bars they must clear.

use serde::{Deserialize, Serialize};

use crate::{LimitKind, Sample};

/// What a figure counts. Whether more is better follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// 10^9 bytes a second; more is better.
    #[serde(rename = "GB/s")]
    GigabytesPerSecond,
    /// 10^6 items a second; more is better.
    #[serde(rename = "M/s")]
    MillionsPerSecond,
    /// 10^-9 seconds; less is better.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// 10^-6 seconds; less is better.
    #[serde(rename = "us")]
    Microseconds,
    /// 10^-3 seconds; less is better.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Bytes; less is better.
    #[serde(rename = "B")]
    Bytes,
    /// A size as a share of another size; less is better.
    #[serde(rename = "share")]
    Share,
    /// A time as a share of another time; less is better.
    #[serde(rename = "of the time")]
    TimeShare,
    /// A speed as a ratio to another speed; more is better.
    #[serde(rename = "x")]
    Times,
    /// A time as a ratio to the least time the same machine needs; less is better.
    #[serde(rename = "limits")]
    Limits,
}

impl Unit {
    /// Returns the unit's sign.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::GigabytesPerSecond => "GB/s",
            Self::MillionsPerSecond => "M/s",
            Self::Nanoseconds => "ns",
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Bytes => "B",
            Self::Share => "share",
            Self::TimeShare => "of the time",
            Self::Times => "x",
            Self::Limits => "limits",
        }
    }

    /// Tells whether the figure is a size: what other work on the machine cannot spoil.
    #[must_use]
    pub const fn is_size(self) -> bool {
        matches!(self, Self::Bytes | Self::Share)
    }

    /// Tells whether a larger figure is the better one.
    #[must_use]
    pub const fn more_is_better(self) -> bool {
        matches!(self, Self::GigabytesPerSecond | Self::MillionsPerSecond | Self::Times)
    }
}

/// One measured quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured; unique within its line.
    pub name: String,
    /// What is counted.
    pub unit: Unit,
    /// Median, extremes and number of the repeats.
    #[serde(flatten)]
    pub sample: Sample,
}

impl Figure {
    /// Makes a figure.
    #[must_use]
    pub fn new(name: impl Into<String>, unit: Unit, sample: Sample) -> Self {
        Self { name: name.into(), unit, sample }
    }
}

/// On which side of the bar a figure must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// At the bar or above.
    AtLeast,
    /// At the bar or below.
    AtMost,
}

impl Op {
    /// Returns the repeat of a sample that is the furthest on the wrong side.
    #[must_use]
    pub const fn worst(self, sample: &Sample) -> f64 {
        match self {
            Self::AtLeast => sample.min,
            Self::AtMost => sample.max,
        }
    }

    /// Tells whether `value` is on the right side of `bar`. No comparison holds for what is not a number.
    #[must_use]
    pub fn holds(self, value: f64, bar: f64) -> bool {
        match self {
            Self::AtLeast => value >= bar,
            Self::AtMost => value <= bar,
        }
    }
}

/// What a missed bar means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BarKind {
    /// The line fails.
    Must,
    /// The line passes; the report tells the miss.
    Goal,
}

/// What the median of a figure, or its ratio to a limit, has to reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Name of the figure.
    pub figure: String,
    /// On which side the figure must lie.
    pub op: Op,
    /// Where the bar lies: in the figure's unit, or as a ratio where there is a limit.
    pub value: f64,
    /// What a miss means.
    pub kind: BarKind,
    /// The limit of the same run that the figure is divided by; it has the same unit.
    pub limit: Option<LimitKind>,
    /// The worst repeat is judged in place of the median: for what must always hold.
    pub always: bool,
}

/// What a line found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What must hold of it.
    pub bars: Vec<Bar>,
    /// What a reader should know beside the figures.
    pub notes: Vec<String>,
    /// Figures that could not be measured, and why: with one of them the line fails, and shows the others.
    pub failures: Vec<String>,
}

impl Outcome {
    /// Adds a figure.
    pub fn figure(&mut self, name: impl Into<String>, unit: Unit, sample: Sample) -> &mut Self {
        self.figures.push(Figure::new(name, unit, sample));
        self
    }

    /// Adds a bar for the figure added last, in the figure's own unit.
    ///
    /// # Panics
    /// If there is no figure yet.
    pub fn bar(&mut self, kind: BarKind, op: Op, value: f64) -> &mut Self {
        self.push(kind, op, value, None, false)
    }

    /// Adds a bar that every repeat of the figure added last must clear, in the figure's own unit.
    ///
    /// # Panics
    /// If there is no figure yet.
    pub fn always(&mut self, kind: BarKind, op: Op, value: f64) -> &mut Self {
        self.push(kind, op, value, None, true)
    }

    /// Adds a bar for the figure added last, as a ratio to a limit of the same run.
    ///
    /// # Panics
    /// If there is no figure yet.
    pub fn ratio(&mut self, kind: BarKind, op: Op, value: f64, limit: LimitKind) -> &mut Self {
        self.push(kind, op, value, Some(limit), false)
    }

    /// Adds everything another outcome holds.
    pub fn extend(&mut self, other: Self) -> &mut Self {
        self.figures.extend(other.figures);
        self.bars.extend(other.bars);
        self.notes.extend(other.notes);
        self.failures.extend(other.failures);
        self
    }

    /// Adds a figure that could not be measured.
    pub fn failure(&mut self, text: impl Into<String>) -> &mut Self {
        self.failures.push(text.into());
        self
    }

    /// Adds a remark.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.notes.push(text.into());
        self
    }

    fn push(
        &mut self,
        kind: BarKind,
        op: Op,
        value: f64,
        limit: Option<LimitKind>,
        always: bool,
    ) -> &mut Self {
        let figure = self.figures.last().expect("a bar is for a figure").name.clone();
        self.bars.push(Bar { figure, op, value, kind, limit, always });
        self
    }
}
