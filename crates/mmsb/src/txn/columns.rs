//! What a transaction collects once it is more than one short write: columns, laid out as the log stores them.
//!
//! They are used again: a thread keeps those of its ended transactions, so beginning one takes no memory.
//!
//! Invariant: columns in the pool are as good as new; what a thread keeps is at most [`POOL_BYTES_MAX`].

#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
};

use mmsb_delta::DeltaBatch;
use mmsb_types::{Epoch, Label};

/// Room for many small transactions, or for the columns of one frame of some ten thousand writes.
const POOL_BYTES_MAX: usize = 1 << 20;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { columns: Vec::new(), bytes: 0 }) };
}

struct Pool {
    #[expect(clippy::vec_box, reason = "columns stay in their box: taking and keeping them moves a pointer")]
    columns: Vec<Box<Columns>>,
    /// Bytes of all of them together.
    bytes: usize,
}

/// Writes of one transaction, and what few transactions say beside them.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) label: Option<Label>,
    pub(crate) tag: Option<String>,
    /// The commit makes this earlier state the newest one.
    pub(crate) rewinds_to: Option<Epoch>,
    /// Whoever wrote has seen to it that no two of the writes share a byte, and that those to one page stand
    /// together.
    pub(crate) is_apart: bool,
    /// Why pages were computed, encoded; empty if none was.
    pub(crate) cause: Vec<u8>,
    /// The writes in their order, each checked against its page; only compact entries.
    pub(crate) writes: DeltaBatch,
    /// What they counted when the pool took them.
    pooled_bytes: usize,
}

/// Columns that go back to their thread's pool.
#[derive(Debug)]
pub(crate) struct PooledColumns(Option<Box<Columns>>);

impl PooledColumns {
    /// Takes columns used before, if there are any.
    pub(super) fn new() -> Self {
        // While the thread ends its pool may be gone already.
        Self(Some(POOL.try_with(|pool| pool.borrow_mut().take()).ok().flatten().unwrap_or_default()))
    }
}

impl Deref for PooledColumns {
    type Target = Columns;

    #[inline]
    fn deref(&self) -> &Columns {
        self.0.as_deref().expect("only dropping takes the columns out")
    }
}

impl DerefMut for PooledColumns {
    #[inline]
    fn deref_mut(&mut self) -> &mut Columns {
        self.0.as_deref_mut().expect("only dropping takes the columns out")
    }
}

impl Drop for PooledColumns {
    fn drop(&mut self) {
        if let Some(columns) = self.0.take() {
            // Without a pool they just go.
            let _ = POOL.try_with(|pool| pool.borrow_mut().keep(columns));
        }
    }
}

impl Pool {
    #[inline]
    fn take(&mut self) -> Option<Box<Columns>> {
        let columns = self.columns.pop()?;
        self.bytes -= columns.pooled_bytes;
        Some(columns)
    }

    #[inline]
    fn keep(&mut self, mut columns: Box<Columns>) {
        let bytes = columns.bytes();
        if self.bytes + bytes <= POOL_BYTES_MAX {
            columns.clear();
            columns.pooled_bytes = bytes;
            self.bytes += bytes;
            self.columns.push(columns);
        }
    }
}

impl Columns {
    #[inline]
    fn bytes(&self) -> usize {
        let [compact, wide, compact_payload, wide_payload] = self.writes.capacities();
        size_of::<Self>() + 8 * compact + 24 * wide + compact_payload + wide_payload + self.cause.capacity()
    }

    #[inline]
    fn clear(&mut self) {
        (self.label, self.tag, self.rewinds_to, self.is_apart) = (None, None, None, false);
        self.writes.clear();
        self.cause.clear();
    }
}
