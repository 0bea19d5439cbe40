//! The bytes of a page that is only a state: shared between states, and none at all until somebody writes.
//!
//! Invariant: a page that nobody wrote to takes no memory, for a log of a few bytes can create a thousand.

use std::{iter::repeat_n, ops::Deref, sync::Arc};

use mmsb_types::limits::PAGE_BYTES_MAX;

/// The bytes of one page of a state.
#[derive(Clone)]
pub(crate) enum PageBytes {
    /// So many zeros.
    Zeros(u32),
    /// Shared until one of its holders changes it.
    Written(Arc<[u8]>),
}

static ZEROS: [u8; PAGE_BYTES_MAX as usize] = [0; PAGE_BYTES_MAX as usize];

impl PageBytes {
    /// Returns the bytes to be changed, this holder's alone.
    pub(super) fn to_mut(&mut self) -> &mut [u8] {
        if let Self::Zeros(len) = *self {
            *self = Self::Written(repeat_n(0, len as usize).collect());
        }
        match self {
            Self::Written(bytes) => Arc::make_mut(bytes),
            Self::Zeros(_) => unreachable!("it was written just now"),
        }
    }
}

impl From<Vec<u8>> for PageBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Written(bytes.into())
    }
}

impl Deref for PageBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Zeros(len) => &ZEROS[..*len as usize],
            Self::Written(bytes) => bytes,
        }
    }
}
