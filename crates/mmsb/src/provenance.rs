//! Where bytes come from: the commits that wrote them last, the inputs these computed them from, and so on, from the
//! log alone; so it is the same after a restart, and for a reader beside the writer.
//!
//! All that is to be found out waits in one queue, the newest commit first. What a commit made comes from states no
//! later than its own, so one sweep back over the log answers everything: the index of each segment is loaded once,
//! each commit read once, whatever the number of pages.
//!
//! Invariant: what is not told is said: deeper than asked, older than the log, or more than is looked at.

mod ask;
mod reads;
mod spans;
mod step;
mod sweep;

use std::{fmt, ops::RangeBounds};

use mmsb_types::{Epoch, PageId, Span};

pub use self::{
    ask::Why,
    step::{WhyHow, WhyStep},
};
use crate::{Bus, Error};

/// Changes so many steps away are told, if not said otherwise.
const DEPTH_MAX: u32 = 32;
/// So many changes are told at most.
const STEPS_MAX: usize = 1000;
/// So many commits to the page are read for who wrote its bytes, if not said otherwise.
const COMMITS_MAX: u64 = 1 << 20;

/// Where a page, or some of its bytes, come from; made by [`Bus::provenance`] and [`Why::run`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    /// The page that was asked about.
    pub page: PageId,
    /// As of which state.
    pub at: Epoch,
    /// The bytes that were asked about; if none were named, the page's last change is told.
    pub bytes: Option<Span>,
    /// Changes farther away than so many steps were not looked for.
    pub depth_max: u32,
    /// The changes, nearest first; equally near ones newest first, then by page and place.
    pub steps: Vec<WhyStep>,
    /// How many more things were to be looked at when 1000 changes were told: the oldest are missing.
    pub left_count: usize,
}

impl Bus {
    /// Tells where bytes of a page come from as they are now: run by run the commit that wrote them last; if that
    /// computed them, through which inputs; and so on, up to 32 steps away.
    ///
    /// ```
    /// # fn main() -> Result<(), mmsb::Error> {
    /// use mmsb::{Bus, WhyHow};
    ///
    /// let bus = Bus::in_memory()?;
    /// let (price, tax) = (bus.create_page("price", 16)?, bus.create_page("tax", 16)?);
    /// bus.derive(tax).from([price]).named("tax", 1).add::<u64>()?;
    /// let mut tx = bus.begin().label(7).tag("shop");
    /// tx.put(price, 8, &5u64)?;
    /// tx.commit()?;
    /// let found = bus.provenance(tax, 8..9)?;
    /// println!("{found}");                                // a line for each change, indented by its depth
    /// let [computed, written] = &found.steps[..] else { panic!("two steps") };
    /// assert_eq!(computed.how, WhyHow::Computed { inputs: vec![price] });
    /// assert_eq!((written.page, written.label, &*written.source.to_string()), (price, Some(7.into()), "shop"));
    /// assert!(found.is_whole());                          // nothing was cut off, nothing is older than the log
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Why::run`].
    pub fn provenance(&self, page: PageId, bytes: impl RangeBounds<u32>) -> Result<Provenance, Error> {
        self.why(page).bytes(bytes).run()
    }

    /// Begins to ask why a page is as it is; if no bytes are named, what changed it last.
    pub fn why(&self, page: PageId) -> Why<'_> {
        Why::new(self, page)
    }
}

impl Provenance {
    /// Returns how many steps the farthest change told is away.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.steps.last().map_or(0, |step| step.depth)
    }

    /// Tells whether the depth asked for cut something off.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.steps.iter().any(|step| step.is_cut)
    }

    /// Tells whether every chain ends where a program wrote: none was cut off, and none is older than the log.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let ends = |step: &WhyStep| step.is_cut || matches!(step.how, WhyHow::Gone | WhyHow::Unread);
        self.left_count == 0 && !self.steps.iter().any(ends)
    }

    /// Visits the changes that one of the changes told was made of: of each page the last one up to then.
    pub fn comes_from<'p>(&'p self, step: &'p WhyStep) -> impl Iterator<Item = &'p WhyStep> {
        step.sources().filter_map(|(page, until)| {
            let before = self.steps.iter().filter(move |other| other.page == page && other.epoch <= until);
            before.max_by_key(|other| other.epoch)
        })
    }
}

/// A line for each change, indented by how far it is away, and what is not told.
impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.steps.iter().enumerate() {
            let line = if at == 0 { "" } else { "\n" };
            write!(f, "{line}{:indent$}{step}", "", indent = 2 * step.depth.min(20) as usize)?;
        }
        if self.is_truncated() {
            write!(f, "\ntruncated at depth {}", self.depth_max)?;
        }
        match self.left_count {
            0 => Ok(()),
            left => write!(f, "\nand {left} pages more were not looked at"),
        }
    }
}
