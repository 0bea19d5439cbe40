//! What one commit does to the pages of a mirror.
//!
//! Invariant: only a lost device is a failure. Pages that it has no room for, or refuses, are absent or behind, and
//! come back when they are asked for.

use mmsb_gpu::{GpuError, Insert, Residents};
use mmsb_tlog::Commit;
use mmsb_types::{Epoch, PageEvent, PageId};

use super::PageFilter;
use crate::gpu::Ops;

/// Sends a commit on. Returns pages that the mirror is to have from now on, and of which it has nothing yet.
pub(super) fn send(
    pages: &mut Residents<Ops>,
    filter: &PageFilter,
    commit: &Commit<'_>,
    events: &[PageEvent],
) -> Result<Vec<PageId>, GpuError> {
    let mut missing = Vec::new();
    for event in events {
        let page = event.page();
        match event {
            PageEvent::Created { page_bytes, name, .. } if filter.passes(page, name.as_deref()) => {
                let before = Epoch::new(commit.epoch.get() - 1);
                let (bytes, is_pinned) = (&*vec![0; *page_bytes as usize], filter.pins(page));
                // Zeros, as it is before the commit that goes on to write it.
                unless_lost(pages.insert(Insert { page, bytes, epoch: before, is_pinned }))?;
            }
            PageEvent::Named { name, .. } if filter.passes(page, name.as_deref()) => missing.push(page),
            PageEvent::Created { .. } => {}
            PageEvent::Named { .. } | PageEvent::Deleted { .. } => drop(pages.remove(page)?),
        }
    }
    unless_lost(pages.apply(&[(commit.epoch, commit.frame.batch)]))?;
    missing.retain(|page| !pages.knows(*page));
    Ok(missing)
}

/// Lets everything pass but a lost device.
pub(super) fn unless_lost<T>(done: Result<T, GpuError>) -> Result<(), GpuError> {
    match done {
        Err(error @ GpuError::Lost { .. }) => Err(error),
        Err(error) => {
            tracing::debug!(%error, "pages of a mirror are not on its device");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}
