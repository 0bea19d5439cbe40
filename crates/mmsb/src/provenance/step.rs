//! One change that bytes come from, and what a commit did to a page.

use std::fmt;

use mmsb_types::{Epoch, Label, PageEvent, PageId, Source, Span};

use crate::{Event, diff::write_label};

/// One change that a page comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WhyStep {
    /// Which page.
    pub page: PageId,
    /// Which of the bytes asked for, rising; none where the whole page is meant, as it is of inputs.
    pub bytes: Vec<Span>,
    /// How many steps it is from the page that was asked about.
    pub depth: u32,
    /// The commit that made the change; if the log no longer has it, the oldest state kept; if it was not read, the
    /// state that was read back to.
    pub epoch: Epoch,
    /// The commit's label.
    pub label: Option<Label>,
    /// Nanoseconds since 1970, where the builder asked for them.
    pub timestamp_nanos: Option<u64>,
    /// Who made the commit.
    pub source: Source,
    /// What the commit did to the page.
    pub how: WhyHow,
    /// It was made of other things, which were not looked for: they are deeper than asked.
    pub is_cut: bool,
}

/// What a commit did to a page.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
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
    /// It is older than the log: as old as the oldest state kept, or older.
    Gone,
    /// It is older than as many commits as were to be read.
    Unread,
}

impl WhyStep {
    /// Makes the step of a commit that was read.
    pub(super) fn of(page: PageId, depth: u32, event: &Event, how: WhyHow) -> Self {
        let (label, source, timestamp_nanos) = (event.label, event.source.clone(), event.timestamp_nanos);
        Self { label, source, timestamp_nanos, ..Self::end(page, depth, event.epoch, how) }
    }

    /// Makes a step that nothing is known of but where it stands.
    pub(super) fn end(page: PageId, depth: u32, epoch: Epoch, how: WhyHow) -> Self {
        let (bytes, label, timestamp_nanos, source) = (Vec::new(), None, None, Source::default());
        Self { page, bytes, depth, epoch, label, timestamp_nanos, source, how, is_cut: false }
    }

    /// Visits the pages that it was made of, and as of which state.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (PageId, Epoch)> {
        let (inputs, rewound) = match &self.how {
            WhyHow::Computed { inputs } => (&inputs[..], None),
            WhyHow::Rewound { target } => (&[][..], Some((self.page, *target))),
            _ => (&[][..], None),
        };
        inputs.iter().map(|&input| (input, self.epoch)).chain(rewound)
    }
}

/// What a commit did to the bytes of a page that it wrote, and to all others; `None` if nothing.
pub(super) fn what(event: &Event, page: PageId) -> (Option<WhyHow>, Option<WhyHow>) {
    let is_written = event.runs.iter().any(|&(written, _)| written == page);
    let life = event.catalogue.iter().rev().find_map(|event| match *event {
        PageEvent::Created { page: new, .. } => (new == page).then_some(WhyHow::Created),
        PageEvent::Deleted { page: gone } => (gone == page).then_some(WhyHow::Deleted),
        PageEvent::Named { .. } => None,
    });
    if let (Some(target), false) = (event.rewinds_to, life == Some(WhyHow::Deleted)) {
        let rewound = WhyHow::Rewound { target };
        return (is_written.then(|| rewound.clone()), life.map(|_| rewound));
    }
    let computed = event.computed.iter().find(|cause| cause.page == page);
    let computed = computed.map(|cause| WhyHow::Computed { inputs: cause.inputs.clone() });
    (is_written.then(|| computed.unwrap_or(WhyHow::Written)), life)
}

impl WhyHow {
    fn fmt_what(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written => f.write_str("written at"),
            Self::Created => f.write_str("created at"),
            Self::Deleted => f.write_str("deleted at"),
            Self::Rewound { target } => write!(f, "taken back to {target} at"),
            Self::Computed { inputs } => {
                let inputs: Vec<_> = inputs.iter().map(PageId::to_string).collect();
                write!(f, "computed from {} at", inputs.join(", "))
            }
            Self::Gone => f.write_str("is older than the oldest state kept,"),
            Self::Unread => f.write_str("is older than what was read, back to"),
        }
    }
}

/// A line; runs as `offset+length`.
impl fmt::Display for WhyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.page)?;
        self.bytes.iter().try_for_each(|span| write!(f, " {span}"))?;
        f.write_str(" ")?;
        self.how.fmt_what(f)?;
        write!(f, " {}", self.epoch)?;
        write_label(f, self.label)?;
        if !self.source.is_unknown() {
            write!(f, " by {}", self.source)?;
        }
        f.write_str(if self.is_cut { ", and so on" } else { "" })
    }
}
