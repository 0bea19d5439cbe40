//! Replaying commits: what each of them says goes to the heading, and its pages to wherever they are kept.
//!
//! [`State`](crate::state::State) keeps pages in a map, for looking at the past; a bus that opens keeps them in
//! page memory ([`go_on`]).
//!
//! Invariant: a commit that does not fit what was replayed before it is refused, wherever its pages go.

mod heading;
mod store;

use mmsb_delta::BatchView;
use mmsb_page::PageStore;
use mmsb_tlog::{Cursor, LogDir};
use mmsb_types::{Epoch, PageId};

use self::store::StorePages;
use crate::{Error, kept::Kept};

pub(crate) use self::heading::Heading;

/// Where a replay puts pages.
pub(crate) trait Pages {
    /// Why a page or a patch is refused; a text tells what of the commit does not fit.
    type Refusal: From<String>;

    /// Gives birth to a page of zeros.
    fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), Self::Refusal>;

    /// Ends the life of a page; one that does not live is refused.
    fn delete(&mut self, page: PageId, epoch: Epoch) -> Result<(), Self::Refusal>;

    /// Tells whether the page lives.
    fn lives(&self, page: PageId) -> bool;

    /// Applies the patches of one commit.
    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), Self::Refusal>;
}

/// Replays the log from `start` to `end` into a store that holds the state there, of which `heading` is the rest.
///
/// # Errors
/// [`Error::Corrupt`] if a record is bad or a commit does not fit; [`Error::OutOfMemory`], [`Error::Io`]. Store
/// and heading are then of no use.
///
/// # Cost
/// One pass over the log, checksums included; the pages are written in place, without a copy in between.
pub(crate) fn go_on(
    kept: &Kept,
    start: Cursor,
    end: Cursor,
    store: &mut PageStore,
    heading: &mut Heading,
) -> Result<(), Error> {
    let (mut reader, mut pages) = (kept.reader(start, end.lsn)?, StorePages::new(store));
    while let Some(commit) = reader.next_commit()? {
        heading.apply(&commit, &mut pages).map_err(|refusal| refusal.explain(kept, &commit))?;
    }
    Ok(())
}

/// As a bus that opens does it, for measuring: replays the log of `dir` up to `end`; returns its last epoch.
///
/// # Errors
/// As [`Bus::open_read_only`](crate::Bus::open_read_only).
#[doc(hidden)]
pub fn replay_into(dir: &LogDir, end: Cursor, store: &mut PageStore) -> Result<Epoch, Error> {
    let mut heading = Heading::default();
    go_on(&Kept::new(dir.clone()), Cursor::first(dir), end, store, &mut heading)?;
    Ok(heading.epoch)
}

/// The text for a page that a commit uses and that does not live.
pub(crate) fn missing(page: PageId) -> String {
    format!("{page} does not exist")
}
