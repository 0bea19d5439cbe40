//! Which page is meant: by name, or by id.

use std::{collections::BTreeSet, convert::Infallible, str::FromStr};

use anyhow::bail;
use mmsb::{Bus, PageEvent, PageId, Past};

/// A page, as the command line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageRef {
    /// `page:ID`.
    Id(u64),
    /// Anything else.
    Name(String),
}

impl PageRef {
    /// Finds the page in one state.
    pub fn find_in(&self, past: &Past) -> anyhow::Result<PageId> {
        match self {
            Self::Id(id) => Ok(PageId::new(*id)),
            Self::Name(name) => match past.page(name) {
                Some(page) => Ok(page),
                None => {
                    let epoch = past.epoch();
                    bail!("no page is named {name:?} at {epoch}: `mmsb at BUS {epoch}` lists the pages there")
                }
            },
        }
    }

    /// Returns every page the history knows by this reference: a name may have passed from one to another.
    ///
    /// Reads the commits that name pages.
    pub fn find_ever(&self, bus: &Bus) -> anyhow::Result<BTreeSet<PageId>> {
        let name = match self {
            Self::Id(id) => {
                let page = PageId::new(*id);
                // It refuses a page that never lived.
                bus.history(page)?;
                return Ok([page].into());
            }
            Self::Name(name) => name,
        };
        let mut found: BTreeSet<PageId> = bus.at(bus.oldest())?.page(name).into_iter().collect();
        for commit in bus.query().catalogue().run()? {
            found.extend(commit?.events.iter().filter_map(|event| named(event, name)));
        }
        if found.is_empty() {
            bail!("no page was ever named {name:?}: `mmsb at BUS newest` lists the pages");
        }
        Ok(found)
    }
}

fn named(event: &PageEvent, wanted: &str) -> Option<PageId> {
    let name = match event {
        PageEvent::Created { name, .. } | PageEvent::Named { name, .. } => name.as_deref(),
        PageEvent::Deleted { .. } => None,
    };
    (name == Some(wanted)).then_some(event.page())
}

impl FromStr for PageRef {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let id = text.strip_prefix("page:").and_then(|digits| digits.parse().ok());
        Ok(id.map_or_else(|| Self::Name(text.to_owned()), Self::Id))
    }
}
