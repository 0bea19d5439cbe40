//! What a mirror tells of itself.

use std::fmt;

use mmsb_gpu::PageState;
use mmsb_types::{Epoch, PageId};

use super::Mirror;

/// A mirror at one moment; `Display` prints a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MirrorStatus {
    /// The device, as its driver names it, or `host`.
    pub device: String,
    /// What is on it is as of this epoch.
    pub epoch: Epoch,
    /// Pages that are mirrored, on the device or not.
    pub page_count: usize,
    /// Those that are on the device.
    pub device_count: usize,
    /// The lengths of these together, in bytes.
    pub device_bytes: u64,
    /// Commits that were sent on.
    pub commit_count: u64,
    /// How often everything was made again from the bus: the device was lost, or the log had given up what was not
    /// read yet.
    pub rebuild_count: u64,
    /// Why the device is lost, if it is, and could not be had again.
    pub lost: Option<String>,
}

impl Mirror {
    /// Returns what the mirror is at.
    #[must_use]
    pub fn status(&self) -> MirrorStatus {
        self.shared.lock().status()
    }

    /// Returns what the device has of a page.
    #[must_use]
    pub fn state(&self, page: PageId) -> PageState {
        self.shared.lock().pages().state(page)
    }
}

impl fmt::Display for MirrorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {} of {} pages", self.device, self.epoch, self.device_count, self.page_count)?;
        write!(f, ", {} bytes, {} commits sent on", self.device_bytes, self.commit_count)?;
        if self.rebuild_count > 0 {
            write!(f, ", made again {} times", self.rebuild_count)?;
        }
        self.lost.as_ref().map_or(Ok(()), |why| write!(f, ", lost ({why})"))
    }
}
