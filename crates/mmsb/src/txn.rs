//! A transaction: changes collected on the side, published as one commit or not at all.
//!
//! Invariant: until [`Transaction::commit`] nothing of it is seen by anyone; dropped, it leaves nothing but
//! ids that are never given out again.

mod image;
mod index;
mod page;
mod read;
mod settings;
mod write;

use std::panic::Location;

use mmsb_types::{Durability, Epoch, Label, PageEvent, PageId};

use self::index::PageIndex;
use crate::{Bus, Error, commit};

pub(crate) use self::{
    page::{Change, Life, TxPage},
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
    pub(crate) bus: &'b Bus,
    pub(crate) durability: Durability,
    pub(crate) label: Option<Label>,
    pub(crate) tag: Option<String>,
    pub(crate) site: Option<&'static Location<'static>>,
    pub(crate) pages: Vec<TxPage<'b>>,
    pub(crate) events: Vec<PageEvent>,
    index: PageIndex,
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
    pub(crate) fn new(
        bus: &'b Bus,
        durability: Durability,
        site: Option<&'static Location<'static>>,
    ) -> Self {
        Self {
            bus,
            durability,
            label: None,
            tag: None,
            site,
            pages: Vec::new(),
            events: Vec::new(),
            index: PageIndex::default(),
        }
    }

    /// Publishes all changes as the next epoch, and waits for the durability asked for.
    ///
    /// A transaction without changes makes an epoch, too.
    ///
    /// # Errors
    /// Nothing happened: [`Error::Conflict`], [`Error::NameTaken`], [`Error::RecordTooLarge`],
    /// [`Error::Busy`], [`Error::OutOfMemory`], [`Error::Stopped`], [`Error::ReadOnly`],
    /// [`Error::Poisoned`]. Published, but its fate unknown: [`Error::OutcomeUnknown`].
    ///
    /// # Cost
    /// The changed bytes are stored twice (page and log); each captured page is read and compared once.
    pub fn commit(self) -> Result<Committed, Error> {
        commit::run(self)
    }

    /// Returns the transaction's own record of a live page, made at its first use.
    fn touch(&mut self, page: PageId) -> Result<&mut TxPage<'b>, Error> {
        let found = match self.index.get(&page) {
            Some(&index) => index,
            None => {
                let page_bytes = self.bus.page_bytes(page)?;
                self.add(TxPage::new(page, page_bytes, Life::Old))
            }
        };
        let found = &mut self.pages[found];
        if found.life == Life::Dead {
            return Err(Error::PageNotFound { page, epoch: self.bus.epoch() });
        }
        Ok(found)
    }

    fn add(&mut self, page: TxPage<'b>) -> usize {
        let index = self.pages.len();
        self.index.insert(page.page, index);
        self.pages.push(page);
        index
    }
}
