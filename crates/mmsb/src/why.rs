//! Why a page is as it is: the commit that changed it last, the inputs it was computed from, and so on, from the log
//! alone.
//!
//! Each step asks the indexes for the last commit at or before an epoch that changed a page, and reads that commit.
//! The steps wait in a queue, nearest first; nothing is recursive.
//!
//! Invariant: a page is told once for each commit that changed it; what is not told is said.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
};

use mmsb_types::{Epoch, Label, PageEvent, PageId, Source};

use crate::{Bus, Error, Event, diff::write_label};

/// So many steps are told at most.
const STEPS_MAX: usize = 1000;

/// Why a page is as it is; made by [`Bus::why`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Why {
    /// The page that was asked about.
    pub page: PageId,
    /// As of which state.
    pub at: Epoch,
    /// The page's last change first, then what that came from, nearest first.
    pub steps: Vec<WhyStep>,
    /// How many more pages are to be looked at: the answer was cut there.
    pub left_count: usize,
}

/// One change that a page comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhyStep {
    /// Which page.
    pub page: PageId,
    /// How many steps it is from the page that was asked about.
    pub depth: u32,
    /// The commit that made the change; if the log no longer has it, the oldest state kept.
    pub epoch: Epoch,
    /// The commit's label.
    pub label: Option<Label>,
    /// Who made the commit.
    pub source: Source,
    /// What the commit did to the page.
    pub how: WhyHow,
}

/// What a commit did to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyHow {
    /// Wrote its bytes.
    Written,
    /// Brought it to life, with zeros.
    Created,
    /// Ended its life.
    Deleted,
    /// Computed it, because these changed; if it was stale or newly derived, from all its inputs, these.
    Computed {
        /// By rising id.
        inputs: Vec<PageId>,
    },
    /// Gave it back what it was.
    Rewound {
        /// As of this state.
        target: Epoch,
    },
    /// It is older than the log.
    Gone,
}

/// What is still to be looked at.
type Asked = (PageId, Epoch, u32);

impl Bus {
    /// Tells why a page is as it is now.
    ///
    /// # Errors
    /// As [`Bus::why_at`].
    pub fn why(&self, page: PageId) -> Result<Why, Error> {
        self.why_at(page, self.epoch())
    }

    /// Tells why a page was as it was at `epoch`: the commit that changed it last; if that computed it, through which
    /// inputs, and for each of these the same.
    ///
    /// # Errors
    /// [`Error::PageNotFound`] if the log tells nothing of it and it does not live; [`Error::EpochAhead`],
    /// [`Error::HistoryGone`], and those of [`Query::run`](crate::Query::run).
    ///
    /// # Cost
    /// A look into the indexes for each step, and a piece of log; 1000 steps at most.
    pub fn why_at(&self, page: PageId, epoch: Epoch) -> Result<Why, Error> {
        let (newest, oldest) = (self.newest_for(epoch), self.oldest());
        if epoch > newest {
            return Err(Error::EpochAhead { asked: epoch, newest });
        }
        if epoch < oldest {
            return Err(Error::HistoryGone { asked: epoch, oldest });
        }
        let mut why = Why { page, at: epoch, steps: Vec::new(), left_count: 0 };
        let (mut queue, mut seen) = (VecDeque::from([(page, epoch, 0)]), HashSet::new());
        while let Some(asked) = queue.pop_front() {
            if why.steps.len() == STEPS_MAX {
                why.left_count = queue.len() + 1;
                break;
            }
            let step = self.step_back(asked)?;
            if seen.insert((step.page, step.epoch)) {
                queue.extend(step.asks());
                why.steps.push(step);
            }
        }
        Ok(why)
    }

    /// Finds the last change of a page.
    fn step_back(&self, (page, epoch, depth): Asked) -> Result<WhyStep, Error> {
        let found = self.query().page(page).epochs(..=epoch).newest_first().events()?;
        for event in found {
            let event = event?;
            if let Some(how) = self.how(page, &event)? {
                let Event { epoch, label, source, .. } = event;
                return Ok(WhyStep { page, depth, epoch, label, source, how });
            }
        }
        let (oldest, label, source) = (self.oldest(), None, Source::default());
        if depth == 0 && self.journal().pages_at(oldest, &[page])?.iter().all(|(_, state)| state.is_none()) {
            return Err(Error::PageNotFound { page, epoch });
        }
        Ok(WhyStep { page, depth, epoch: oldest, label, source, how: WhyHow::Gone })
    }

    /// Returns what a commit did to the page; `None` if no more than name it.
    fn how(&self, page: PageId, event: &Event) -> Result<Option<WhyHow>, Error> {
        if let Some(target) = event.rewinds_to {
            return Ok(Some(WhyHow::Rewound { target }));
        }
        if let Some(cause) = event.computed.iter().find(|cause| cause.page == page) {
            let inputs = cause.inputs.clone();
            let inputs = if inputs.is_empty() { self.inputs_at(page, event.epoch)? } else { inputs };
            return Ok(Some(WhyHow::Computed { inputs }));
        }
        let is_written = event.runs.iter().any(|&(written, _)| written == page);
        let ends = |event: &PageEvent| matches!(*event, PageEvent::Deleted { page: gone } if gone == page);
        let begins =
            |event: &PageEvent| matches!(*event, PageEvent::Created { page: new, .. } if new == page);
        let (ends, begins) = (event.catalogue.iter().any(ends), event.catalogue.iter().any(begins));
        Ok(match (is_written, begins, ends) {
            (true, ..) => Some(WhyHow::Written),
            (_, true, _) => Some(WhyHow::Created),
            (_, _, true) => Some(WhyHow::Deleted),
            _ => None,
        })
    }

    fn inputs_at(&self, page: PageId, epoch: Epoch) -> Result<Vec<PageId>, Error> {
        let graph = self.graph_at(epoch)?;
        Ok(graph.registration(page).map(|registration| registration.sources()).unwrap_or_default())
    }
}

impl WhyStep {
    /// Returns what is to be looked at next.
    fn asks(&self) -> Vec<Asked> {
        let next = self.depth + 1;
        match &self.how {
            WhyHow::Computed { inputs } => inputs.iter().map(|&input| (input, self.epoch, next)).collect(),
            WhyHow::Rewound { target } => vec![(self.page, *target, next)],
            _ => Vec::new(),
        }
    }
}

impl Why {
    /// Returns how many steps the farthest change told is away.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.steps.last().map_or(0, |step| step.depth)
    }
}

impl fmt::Display for WhyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.how {
            WhyHow::Gone => {
                return write!(f, "{} is older than {}, the oldest state kept", self.page, self.epoch);
            }
            WhyHow::Written => write!(f, "{} written", self.page)?,
            WhyHow::Created => write!(f, "{} created", self.page)?,
            WhyHow::Deleted => write!(f, "{} deleted", self.page)?,
            WhyHow::Rewound { target } => write!(f, "{} taken back to {target}", self.page)?,
            WhyHow::Computed { inputs } => {
                let inputs: Vec<_> = inputs.iter().map(PageId::to_string).collect();
                write!(f, "{} computed from {}", self.page, inputs.join(", "))?;
            }
        }
        write!(f, " at {}", self.epoch)?;
        write_label(f, self.label)?;
        if self.source.is_unknown() { Ok(()) } else { write!(f, " by {}", self.source) }
    }
}

/// A line for each step, indented by how far it is away.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            let line = if at == 0 { "" } else { "\n" };
            write!(f, "{line}{:indent$}{step}", "", indent = 2 * step.depth.min(20) as usize)?;
        }
        match self.left_count {
            0 => Ok(()),
            left => write!(f, "\nand {left} pages more were not looked at"),
        }
    }
}
