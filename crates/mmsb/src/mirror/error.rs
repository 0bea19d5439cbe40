//! Why a mirror refuses.

use mmsb_gpu::GpuError;
use mmsb_types::{Epoch, PageId};

use crate::Error;

/// Why a mirror, or a device, refused. The bus goes on without it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// The page is not one of those that the mirror keeps.
    #[error("{page} is not mirrored: widen the mirror's filter, or look whether the page lives")]
    NotMirrored {
        /// The page asked for.
        page: PageId,
    },
    /// Copies of a mirror's pages are not on its device: that was lost since, or they are another mirror's.
    #[error("what was frozen at {epoch} is not on this mirror's device: freeze again")]
    FrozenGone {
        /// The state that was frozen.
        epoch: Epoch,
    },
    /// The device, or whoever stands in for it, refused.
    #[error("the device refused ({source}): the bus goes on without it")]
    Device {
        /// Why.
        #[from]
        source: GpuError,
    },
}

impl From<GpuError> for Error {
    fn from(source: GpuError) -> Self {
        Self::Mirror(source.into())
    }
}
