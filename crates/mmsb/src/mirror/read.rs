//! Reading a mirror's pages back.

use std::sync::Arc;

use mmsb_types::{Epoch, PageId};

use super::{Mirror, state::State};
use crate::{Error, Snapshot, wave::token};

/// A page as a mirror has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorPage {
    /// What its bytes are as of.
    pub epoch: Epoch,
    /// All of them.
    pub bytes: Vec<u8>,
    /// They are from the device. There was no room for the page there, or it was refused, if they are the host's.
    pub is_from_device: bool,
}

impl Mirror {
    /// Returns a page's bytes, from the device: it is brought there if it had to go. What the device has no room for
    /// comes from the host.
    ///
    /// # Errors
    /// [`MirrorError::NotMirrored`](crate::MirrorError::NotMirrored), and those of [`Mirror::wait`].
    ///
    /// # Cost
    /// Waits for the device to do what it was sent.
    pub fn page(&self, page: PageId) -> Result<MirrorPage, Error> {
        token::check()?;
        self.shared.lock().insist(|state| read(state, page))
    }
}

fn read(state: &mut State, page: PageId) -> Result<MirrorPage, Error> {
    state.fetch(&[page])?;
    match state.pages_mut().read_many(&[page])?.pop().flatten() {
        Some(bytes) => Ok(MirrorPage { epoch: state.epoch(), bytes, is_from_device: true }),
        None => read_host(state, page),
    }
}

fn read_host(state: &State, page: PageId) -> Result<MirrorPage, Error> {
    let snapshot = Snapshot::new(Arc::clone(state.bus()));
    let bytes = snapshot.with_page(page, <[u8]>::to_vec)?;
    Ok(MirrorPage { epoch: snapshot.epoch(), bytes, is_from_device: false })
}
