//! A bar, what was held against it, and whether it holds: how the report says it, and how it is stored.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Bar, BarKind, Op};

/// A bar that was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedBar {
    /// The bar.
    #[serde(flatten)]
    pub bar: Bar,
    /// What was held against it: the figure, or its ratio to the limit.
    pub measured: f64,
    /// Whether that is on the right side.
    pub holds: bool,
}

impl JudgedBar {
    /// Returns how far on the right side the figure is: 2 is twice as good as the bar, below 1 is missed.
    #[must_use]
    pub fn margin(&self) -> f64 {
        match self.bar.op {
            Op::AtLeast => self.measured / self.bar.value,
            Op::AtMost => self.bar.value / self.measured,
        }
    }
}

impl fmt::Display for JudgedBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bar { op, value, kind, limit, always, .. } = &self.bar;
        if let Some(limit) = limit {
            write!(f, "{:.2} x {limit}, ", self.measured)?;
        }
        let kind = match kind {
            BarKind::Must => "must",
            BarKind::Goal => "goal",
        };
        let sign = match op {
            Op::AtLeast => ">=",
            Op::AtMost => "<=",
        };
        let always = if *always { "always " } else { "" };
        write!(f, "{kind} {always}{sign} {value}{}", if self.holds { "" } else { " MISSED" })
    }
}
