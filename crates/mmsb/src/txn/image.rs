//! Images of captured pages, in buffers that a thread's transactions use again and again.
//!
//! A transaction that captures a hundred pages would otherwise take a hundred allocations and give them
//! back at its end, and the allocator would hand the memory to the system and fetch it again each time.
//!
//! Invariant: what a thread keeps for later is at most [`POOL_BYTES_MAX`].

#[cfg(test)]
mod tests;

use std::{cell::RefCell, ops::Deref};

const POOL_BYTES_MAX: usize = 1 << 20;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { buffers: Vec::new(), bytes: 0 }) };
}

#[derive(Debug)]
struct Pool {
    buffers: Vec<Vec<u8>>,
    /// Bytes of all buffers together.
    bytes: usize,
}

/// The whole new content of a page.
#[derive(Debug)]
pub(crate) enum Image<'i> {
    /// The transaction's own copy.
    Owned(Buffer),
    /// The caller's bytes, which outlive the transaction.
    Borrowed(&'i [u8]),
}

/// A buffer that goes back to its thread's pool.
#[derive(Debug)]
pub(crate) struct Buffer(Vec<u8>);

impl Image<'_> {
    /// Copies `bytes` into a buffer used before, if there is one.
    pub(crate) fn copy_of(bytes: &[u8]) -> Self {
        Self::Owned(Buffer::copy_of(bytes))
    }

    /// Returns the bytes to be changed; the caller's are copied first.
    pub(crate) fn to_mut(&mut self) -> &mut [u8] {
        if let Self::Borrowed(bytes) = *self {
            *self = Self::copy_of(bytes);
        }
        match self {
            Self::Owned(buffer) => &mut buffer.0,
            Self::Borrowed(_) => unreachable!("it was copied just now"),
        }
    }
}

impl Deref for Image<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(buffer) => &buffer.0,
            Self::Borrowed(bytes) => bytes,
        }
    }
}

impl Buffer {
    fn copy_of(bytes: &[u8]) -> Self {
        // While the thread ends its pool may be gone already.
        let mut buffer = POOL.try_with(|pool| pool.borrow_mut().take()).unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(bytes);
        Self(buffer)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.0);
        // Without a pool the buffer just goes.
        let _ = POOL.try_with(|pool| pool.borrow_mut().keep(buffer));
    }
}

impl Pool {
    fn take(&mut self) -> Vec<u8> {
        let buffer = self.buffers.pop().unwrap_or_default();
        self.bytes -= buffer.capacity();
        buffer
    }

    fn keep(&mut self, buffer: Vec<u8>) {
        if self.bytes + buffer.capacity() <= POOL_BYTES_MAX {
            self.bytes += buffer.capacity();
            self.buffers.push(buffer);
        }
    }
}
