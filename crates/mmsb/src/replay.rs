//! Replaying commits: what each of them says goes to the heading, and its pages to wherever they are kept.
//!
//! [`State`](crate::state::State) keeps pages in a map, for looking at the past; a bus that opens keeps them in
//! page memory ([`go_on`]): read, verified and applied in one pass, by several threads if it is long.
//!
//! Invariant: a commit that does not fit what was replayed before it is refused, wherever its pages go and however
//! many threads bring them there.

mod crew;
mod heading;
mod part;
mod refusal;

use mmsb_delta::BatchView;
use mmsb_types::{Epoch, PageId};

pub(crate) use self::{
    crew::{Crew, go_on, join, start},
    heading::{Heading, apply_event},
    refusal::Why,
};

/// Where a replay brings pages to life, and ends them.
pub(crate) trait Lifetimes {
    /// Why a page or a patch is refused; a text tells what of the commit does not fit.
    type Refusal: From<String>;

    /// Gives birth to a page of zeros.
    fn create(&mut self, page: PageId, page_bytes: u32, epoch: Epoch) -> Result<(), Self::Refusal>;

    /// Ends the life of a page; one that does not live is refused.
    fn delete(&mut self, page: PageId, epoch: Epoch) -> Result<(), Self::Refusal>;

    /// Tells whether the page lives.
    fn lives(&self, page: PageId) -> bool;
}

/// Where a replay puts pages.
pub(crate) trait Pages: Lifetimes {
    /// Applies the patches of one commit.
    fn apply(&mut self, batch: BatchView<'_>, epoch: Epoch) -> Result<(), Self::Refusal>;
}

/// The text for a page that a commit uses and that does not live.
pub(crate) fn missing(page: PageId) -> String {
    format!("{page} does not exist")
}
