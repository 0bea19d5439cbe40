//! The bytes of a page that is only a state: shared between states, and none at all until somebody writes.
//!
//! Invariant: a page that nobody wrote to takes no memory, for a log of a few bytes can create a thousand.

use std::{ops::Deref, sync::Arc};

use mmsb_page::StoreError;
use mmsb_types::{env, limits::PAGE_BYTES_MAX};

/// The bytes of one page of a state.
#[derive(Clone)]
pub(crate) enum PageBytes {
    /// So many zeros.
    Zeros(u32),
    /// Shared until one of its holders changes it. A `Vec`, because that can be told that there is no memory.
    Written(Arc<Vec<u8>>),
}

static ZEROS: [u8; PAGE_BYTES_MAX as usize] = [0; PAGE_BYTES_MAX as usize];

impl PageBytes {
    /// Returns the bytes to be changed, this holder's alone.
    pub(super) fn to_mut(&mut self) -> Result<&mut [u8], StoreError> {
        let is_own = match self {
            Self::Written(bytes) => Arc::get_mut(bytes).is_some(),
            Self::Zeros(_) => false,
        };
        if !is_own {
            *self = self.copied()?;
        }
        match self {
            Self::Written(bytes) => Ok(Arc::get_mut(bytes).expect("nobody else has it")),
            Self::Zeros(_) => unreachable!("it was written just now"),
        }
    }

    fn copied(&self) -> Result<Self, StoreError> {
        let mut copy = Vec::new();
        resize(&mut copy, self.len())?;
        copy.copy_from_slice(self);
        Ok(copy.into())
    }
}

/// Gives a buffer the length of a page, if there is memory for it.
pub(crate) fn resize(buffer: &mut Vec<u8>, bytes: usize) -> Result<(), StoreError> {
    env::resize(buffer, bytes).map_err(|source| StoreError::OutOfMemory { bytes: bytes as u64, source })
}

impl From<Vec<u8>> for PageBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Written(Arc::new(bytes))
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
