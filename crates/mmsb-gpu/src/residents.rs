//! Pages of a bus that live on a device: which they are, as of which epoch, and who has to go when room is short.
//!
//! The table stays on the host. A page that was inserted is known until it is removed, whether it is on the device
//! or not; so after a loss the table says what to bring back.
//!
//! Invariant: a page that is [`PageState::Clean`] holds what the log says it holds at the later of its own epoch and
//! the last one applied. Whatever fails makes pages `Behind`, `Absent` or `Lost`, never wrong.

mod answers;
mod apply;
#[cfg(feature = "device")]
mod buffer;
mod derive;
mod epochs;
mod insert;
mod table;

use mmsb_types::{Epoch, PageId};

use crate::{Coalescer, GpuError, PageHandle, PageOps};

pub use answers::Awaited;
pub use apply::Applied;
pub use derive::{By, Derivation};
pub use epochs::Epochs;
use epochs::Journal;
pub use insert::Insert;
pub use table::Held;
use table::Table;

/// Pages of a bus, kept on a device by commits in the log's order.
///
/// ```
/// use mmsb_delta::{DeltaBatch, Patch};
/// use mmsb_gpu::{CpuOps, Insert, PageState, Residents};
/// use mmsb_types::{Epoch, PageId};
///
/// let (page, epoch) = (PageId::new(7), Epoch::new(3));
/// let mut residents = Residents::new(CpuOps::new(1 << 20, 1 << 24));
/// residents.insert(Insert { page, bytes: b"as of epoch 3", epoch, is_pinned: false })?;
///
/// let mut batch = DeltaBatch::default();
/// batch.push(page, Patch::Bytes { offset: 12, bytes: b"4" });
/// residents.apply(&[(epoch.next(), batch.view())])?;
/// assert_eq!(residents.state(page), PageState::Clean);
/// assert_eq!(residents.read_many(&[page])?, [Some(b"as of epoch 4".to_vec())]);
/// # Ok::<(), mmsb_gpu::GpuError>(())
/// ```
#[derive(Debug)]
pub struct Residents<O> {
    ops: O,
    table: Table,
    coalescer: Coalescer,
    applied: Epoch,
    journal: Journal,
    lost: Option<String>,
}

/// What the device has of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageState {
    /// Nothing: it was never inserted, or had to go.
    Absent,
    /// What the host has, as of the last commit applied.
    Clean,
    /// Older bytes: a commit of it could not be applied. It waits to be inserted again.
    Behind,
    /// Newer bytes: it was computed on the device, and the host does not have it yet.
    Ahead,
    /// Nothing any more: the device is lost.
    Lost,
}

/// A page that a table knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The page.
    pub page: PageId,
    /// Its length in bytes, as it was inserted last.
    pub page_bytes: u32,
    /// It does not go when room is short.
    pub is_pinned: bool,
    /// What the device has of it.
    pub state: PageState,
}

impl<O: PageOps> Residents<O> {
    /// Makes a table that knows no page yet. The memory that pages may take is that of `ops`.
    pub fn new(ops: O) -> Self {
        let (coalescer, table, journal) = (Coalescer::default(), Table::default(), Journal::default());
        Self { ops, table, coalescer, applied: Epoch::ZERO, journal, lost: None }
    }

    /// Returns where the pages lie.
    pub const fn ops(&self) -> &O {
        &self.ops
    }

    /// Returns where the pages lie, for questions and pages of the caller's own. Whoever writes to or frees a page
    /// of the table breaks what [`Residents::state`] says.
    pub const fn ops_mut(&mut self) -> &mut O {
        &mut self.ops
    }

    /// Forgets all pages and returns where they lie; whoever goes on with it has their memory to free.
    pub fn into_ops(self) -> O {
        self.ops
    }

    /// Returns a page's handle if the device has its bytes, whatever their state. It is of use until the page is
    /// removed, evicted or inserted with another length.
    pub fn handle(&self, page: PageId) -> Option<PageHandle> {
        self.table.get(page)?.handle.filter(|_| self.lost.is_none())
    }

    /// Returns what the device has of a page.
    pub fn state(&self, page: PageId) -> PageState {
        let Some(resident) = self.table.get(page) else { return PageState::Absent };
        if self.lost.is_some() { PageState::Lost } else { resident.state() }
    }

    /// Tells whether the table knows a page.
    pub fn knows(&self, page: PageId) -> bool {
        self.table.get(page).is_some()
    }

    /// Returns how much the device has of the table's pages. Cost: O(1).
    pub fn held(&self) -> Held {
        self.table.held()
    }

    /// Returns the pages that the table knows, by rising id: what to bring back after [`Residents::reset`].
    pub fn known(&self) -> impl Iterator<Item = Known> + '_ {
        self.table.iter().map(|(page, resident)| {
            let (page_bytes, is_pinned) = (resident.page_bytes, resident.is_pinned);
            Known { page, page_bytes, is_pinned, state: self.state(page) }
        })
    }

    /// Returns why the device is lost, once any call was told so.
    pub fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    /// Gives all pages up and goes on with another device, or the host; every page known is
    /// [`PageState::Absent`] then. Returns what it had.
    pub fn reset(&mut self, ops: O) -> O {
        self.table.give_up_all();
        (self.journal, self.lost) = (Journal::default(), None);
        std::mem::replace(&mut self.ops, ops)
    }

    /// Notes what a call came to: once one says that the device is lost, all pages are.
    fn hear<T>(&mut self, result: Result<T, GpuError>) -> Result<T, GpuError> {
        if let Err(GpuError::Lost { why }) = &result {
            self.lost.get_or_insert_with(|| why.clone());
        }
        result
    }

    /// Refuses work on a device that is lost.
    fn alive(&self) -> Result<(), GpuError> {
        self.lost.as_ref().map_or(Ok(()), |why| Err(GpuError::Lost { why: why.clone() }))
    }
}
