//! Differences between graphs as text.

use std::{fmt, sync::Arc};

use mmsb_types::Registration;

use super::GraphDifference;

impl fmt::Display for GraphDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EdgeOnlyLeft(edge) => write!(f, "the edge {edge} only on the left"),
            Self::EdgeOnlyRight(edge) => write!(f, "the edge {edge} only on the right"),
            Self::StaleOnlyLeft(page) => write!(f, "{page} is stale only on the left"),
            Self::StaleOnlyRight(page) => write!(f, "{page} is stale only on the right"),
            Self::Registration { page, left, right } => {
                write!(f, "{page} is {} on the left, {} on the right", By(left), By(right))
            }
        }
    }
}

struct By<'r>(&'r Option<Arc<Registration>>);

/// Inputs told one by one; the rest are counted.
const INPUTS_SHOWN: usize = 8;

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(registration) = self.0 else { return f.write_str("not derived") };
        write!(f, "derived by {:?} {} from", registration.name, registration.version)?;
        let inputs = registration.inputs.iter();
        inputs.take(INPUTS_SHOWN).try_for_each(|input| write!(f, " {input}"))?;
        match registration.inputs.len().saturating_sub(INPUTS_SHOWN) {
            0 => Ok(()),
            rest => write!(f, " and {rest} more"),
        }
    }
}
