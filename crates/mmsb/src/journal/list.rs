//! A pass over the log for what is known of all pages but their bytes, as of one epoch.
//!
//! Invariant: what comes out is what [`Journal::state_at`] the same epoch would list.

use std::collections::BTreeMap;

use mmsb_delta::BatchView;
use mmsb_types::{Epoch, PageId};

use super::{Journal, Origin, Pass, retry_where_gone};
use crate::{
    Error, PageInfo,
    replay::{Heading, Lifetimes, Pages, missing},
};

/// All pages as of the commit that was read last: length in bytes, and last change.
struct Lives(BTreeMap<PageId, (u32, Epoch)>);

impl Journal {
    /// Lists the pages as of `epoch`, which must be published, by rising id.
    ///
    /// # Errors
    /// As [`Journal::pages_at`].
    ///
    /// # Cost
    /// One pass over the log from the oldest state that is kept to `epoch`.
    pub(crate) fn list_at(&self, epoch: Epoch) -> Result<Vec<PageInfo>, Error> {
        let (Heading { names, .. }, lives) = self.lives_at(epoch)?;
        let info = |(page, (page_bytes, epoch))| {
            let (name, location) = (names.name(page).cloned(), names.location(page));
            PageInfo { page, page_bytes, name, epoch, location }
        };
        Ok(lives.0.into_iter().map(info).collect())
    }

    /// Returns what is known of the state at `epoch`, which must be published, beside its pages.
    ///
    /// # Errors
    /// As [`Journal::pages_at`].
    ///
    /// # Cost
    /// As [`Journal::list_at`].
    pub(crate) fn heading_at(&self, epoch: Epoch) -> Result<Heading, Error> {
        retry_where_gone(epoch, || {
            let (mut heading, mut pass) = self.nearest(epoch, |origin| Ok(origin.heading().clone()))?;
            while heading.epoch < epoch && pass.visit(|commit| Ok(heading.note(commit)?))?.is_some() {}
            Ok(heading)
        })
    }

    fn lives_at(&self, epoch: Epoch) -> Result<(Heading, Lives), Error> {
        retry_where_gone(epoch, || {
            let load = |origin: Origin| {
                let heading = origin.heading().clone();
                Ok((heading, Lives(origin.lives()?)))
            };
            let ((mut heading, mut lives), mut pass) = self.nearest(epoch, load)?;
            while heading.epoch < epoch && lives.step(&mut heading, &mut pass)? {}
            Ok((heading, lives))
        })
    }
}

impl Lives {
    /// Goes past the next commit; false at the end.
    fn step(&mut self, heading: &mut Heading, pass: &mut Pass) -> Result<bool, Error> {
        pass.visit(|commit| Ok(heading.apply(commit, self)?)).map(|applied| applied.is_some())
    }

    /// Dates a page.
    fn change(&mut self, page: PageId, epoch: Epoch) -> Result<(), String> {
        let (_, date) = self.0.get_mut(&page).ok_or_else(|| missing(page))?;
        *date = epoch;
        Ok(())
    }
}

impl Lifetimes for Lives {
    type Refusal = String;

    fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), String> {
        self.0.insert(page, (page_bytes, epoch));
        Ok(())
    }

    fn delete(&mut self, page: PageId, _: Epoch) -> Result<(), String> {
        self.0.remove(&page).map(drop).ok_or_else(|| missing(page))
    }

    fn lives(&self, page: PageId) -> bool {
        self.0.contains_key(&page)
    }
}

impl Pages for Lives {
    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), String> {
        batch.iter().try_for_each(|(page, _)| self.change(page, epoch))
    }
}
