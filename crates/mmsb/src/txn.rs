//! A transaction: changes collected on the side, published as one commit or not at all.
//!
//! Invariant: until [`Transaction::commit`] nothing of it is seen by anyone; dropped, it leaves nothing but
//! ids that are never given out again.

mod columns;
mod detail;
mod draft;
mod graph;
mod image;
mod page;
mod read;
mod settings;
mod short;
mod target;
mod write;

use std::panic::Location;

use mmsb_delta::ShortWrite;
use mmsb_page::PageStore;
use mmsb_types::{Durability, Epoch, PageId};

use crate::{Branch, Bus, Error, WaveReport};

pub(crate) use self::{
    detail::Detail,
    draft::Draft,
    page::{Change, Life, TxPage},
    target::Target,
    write::check_text,
};

/// Changes of any number of pages that become one epoch together.
///
/// Later writes win over earlier ones on the same bytes. What is read through the transaction becomes a
/// precondition: if another commit changes such a page first, this one is refused with
/// [`Error::Conflict`] and writes nothing.
///
/// ```
/// # fn main() -> Result<(), mmsb::Error> {
/// let bus = mmsb::Bus::in_memory()?;
/// let account = bus.create_page("account", 8)?;
/// let mut tx = bus.begin().label(1).tag("deposit");
/// let balance: u64 = tx.get(account, 0)?;
/// tx.put(account, 0, &(balance + 100))?;
/// let committed = tx.commit()?;
/// assert_eq!(bus.get::<u64>(account, 0)?, 100);
/// assert_eq!(committed.epoch, bus.epoch());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a transaction that is not committed changes nothing"]
pub struct Transaction<'b> {
    target: Target<'b>,
    /// The pages of the bus, while it only writes to living ones of them.
    live: Option<&'b PageStore>,
    pub(crate) draft: Draft,
    /// `None` while it only writes to living pages.
    detail: Option<Box<Detail<'b>>>,
}

/// What a commit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The state it made.
    pub epoch: Epoch,
    /// How safe it was when `commit` returned.
    pub reached: Durability,
}

impl<'b> Transaction<'b> {
    #[inline]
    pub(crate) fn new(
        bus: &'b Bus,
        durability: Durability,
        site: Option<&'static Location<'static>>,
    ) -> Self {
        let draft = Draft::new(durability, site);
        Self { target: Target::Bus(bus), live: Some(bus.store()), draft, detail: None }
    }

    pub(crate) fn on_branch(branch: &'b Branch, site: Option<&'static Location<'static>>) -> Self {
        let draft = Draft::new(Durability::Volatile, site);
        Self { target: Target::Branch(branch), live: None, draft, detail: None }
    }

    /// Publishes all changes as the next epoch, and waits for the durability asked for.
    ///
    /// A transaction without changes makes an epoch, too.
    ///
    /// # Errors
    /// Nothing happened: [`Error::Conflict`], [`Error::NameTaken`], [`Error::RecordTooLarge`],
    /// [`Error::Busy`], [`Error::OutOfMemory`], [`Error::Stopped`], [`Error::ReadOnly`],
    /// [`Error::Poisoned`]; of the graph, [`Error::Cycle`], [`Error::NoSuchEdge`], [`Error::DerivedPage`],
    /// [`Error::HasDependents`], [`Error::PageNotFound`]. Published, but its fate unknown: [`Error::OutcomeUnknown`].
    ///
    /// # Cost
    /// The changed bytes are stored twice (page and log); each captured page is read and compared once.
    pub fn commit(self) -> Result<Committed, Error> {
        self.target.commit(self)
    }

    /// Commits as [`Transaction::commit`] does, and tells what was computed with it, and why.
    ///
    /// # Errors
    /// As [`Transaction::commit`]. On a branch nothing is computed, and nothing told.
    ///
    /// # Cost
    /// The graph lock, which commits that change no page's input do without.
    pub fn commit_with_report(self) -> Result<(Committed, WaveReport), Error> {
        let (committed, report) = self.target.commit_with_report(self)?;
        Ok((committed, WaveReport::clone(&report)))
    }

    /// Returns what there is beside plain writes, if anything.
    #[inline]
    pub(crate) fn detail(&self) -> Option<&Detail<'b>> {
        self.detail.as_deref()
    }

    /// Tells whether it only writes to pages of `bus`, and says nothing of who makes it.
    #[inline]
    pub(crate) fn is_plain_on(&self, bus: &Bus) -> bool {
        let is_own = matches!(self.target, Target::Bus(own) if std::ptr::eq(own.store(), bus.store()));
        let draft = &self.draft;
        is_own
            && self.detail.is_none()
            && draft.site.is_none()
            && draft.tag().is_none()
            && draft.rewinds_to().is_none()
    }

    /// Returns the only thing that it does, if that is a short write to a page of `bus`, and it says nothing of who
    /// makes it.
    #[inline]
    pub(crate) fn only_short_on(&self, bus: &Bus) -> Option<&ShortWrite> {
        let is_plain =
            self.draft.site.is_none() && self.live.is_some_and(|own| std::ptr::eq(own, bus.store()));
        self.draft.only_short().filter(|_| is_plain)
    }

    /// Goes from plain writes to a record for each page.
    ///
    /// # Errors
    /// [`Error::Conflict`]: a page that was written to is gone; the transaction is as before.
    pub(crate) fn make_detail(&mut self) -> Result<&mut Detail<'b>, Error> {
        if self.detail.is_none() {
            let detail = Detail::of_writes(self.target, self.draft.writes())?;
            self.draft.clear_writes();
            (self.live, self.detail) = (None, Some(Box::new(detail)));
        }
        Ok(self.detail.as_deref_mut().expect("made just now, if not before"))
    }

    /// Returns the transaction's own record of a live page, made at its first use.
    fn touch(&mut self, page: PageId) -> Result<&mut TxPage<'b>, Error> {
        let target = self.target;
        self.make_detail()?.touch(target, page)
    }
}
