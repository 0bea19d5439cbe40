//! Replaying commits: what each of them says goes to the heading, and its pages to wherever they are kept.
//!
//! [`State`](crate::state::State) keeps pages in a map, for looking at the past; a bus that opens keeps them in
//! page memory ([`into_store`]).
//!
//! Invariant: a commit that does not fit what was replayed before it is refused, wherever its pages go.

mod heading;
mod store;

use mmsb_delta::BatchView;
use mmsb_page::PageStore;
use mmsb_tlog::{Cursor, LogDir, SegmentHead};
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

    /// Returns which commit changed a living page last.
    fn epoch(&self, page: PageId) -> Option<Epoch>;

    /// Tells whether the page lives.
    fn lives(&self, page: PageId) -> bool {
        self.epoch(page).is_some()
    }

    /// Says which commit changed a page last, where that is not the one being replayed. Dates rise.
    fn date(&mut self, page: PageId, epoch: Epoch) -> Result<(), Self::Refusal>;

    /// Applies the patches of one commit; of a base frame with epoch 0: its pages keep their dates.
    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), Self::Refusal>;
}

/// Replays the log of `dir` up to `end` into an empty store, and returns what it amounts to beside the pages.
///
/// # Errors
/// [`Error::Corrupt`] if a record is bad or a commit does not fit; [`Error::OutOfMemory`], [`Error::Io`]. The
/// store is then of no use.
///
/// # Cost
/// One pass over the log, checksums included; the pages are written in place, without a copy in between.
pub(crate) fn into_store(dir: &LogDir, end: Cursor, store: &mut PageStore) -> Result<Heading, Error> {
    let kept = Kept::new(dir.clone());
    let mut reader = kept.reader(Cursor::first(dir), end.lsn)?;
    let (mut heading, mut pages) = (Heading::default(), StorePages::new(store));
    while let Some(commit) = reader.next_commit()? {
        heading.apply(&commit, &mut pages).map_err(|refusal| refusal.explain(&kept, &commit))?;
    }
    check_birth(dir, &heading)?;
    Ok(heading)
}

/// As a bus that opens does it, for measuring: replays the log of `dir` up to `end`; returns its last epoch.
///
/// # Errors
/// As [`Bus::open_read_only`](crate::Bus::open_read_only).
#[doc(hidden)]
pub fn replay_into(dir: &LogDir, end: Cursor, store: &mut PageStore) -> Result<Epoch, Error> {
    into_store(dir, end, store).map(|heading| heading.epoch)
}

/// Refuses a log that begins behind its birth and does not tell the whole state before its first commit.
fn check_birth(dir: &LogDir, heading: &Heading) -> Result<(), Error> {
    let head = dir.manifest().segments[0];
    let has_base = head == SegmentHead::starting_at(head.first_number)
        && heading.epoch > Epoch::ZERO
        && heading.epoch >= heading.base.oldest();
    if head == SegmentHead::FIRST || has_base {
        return Ok(());
    }
    let what = "the log begins late, and the state before it is not there, or not whole".to_owned();
    Err(Error::Corrupt { file: dir.segment_path(&head), offset: 0, number: heading.epoch.get(), what })
}

/// The text for a page that a commit uses and that does not live.
pub(crate) fn missing(page: PageId) -> String {
    format!("{page} does not exist")
}
