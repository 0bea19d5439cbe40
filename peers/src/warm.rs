//! Warm memory, as warm page caches: what the host of a virtual machine has taken back of it is asked for before the
//! clock starts, whoever runs next.
//!
//! To touch a huge page that is the host's took up to forty times as long as one that is not, and only those pay who ask
//! for huge pages: that tells of the machine, not of the work.

use anyhow::Result;
use mmsb::{Epoch, PageId};
use mmsb_page::PageStore;

/// What is touched in one go.
const PIECE_BYTES: usize = 1 << 20;

/// Touches so many bytes of huge pages, and gives them back to the system.
pub fn memory(bytes: usize) -> Result<()> {
    let (mut store, piece) = (PageStore::new(), vec![1; PIECE_BYTES]);
    let mut restore = store.restore();
    for page in (1..=bytes.div_ceil(PIECE_BYTES) as u64).map(PageId::new) {
        restore.create(page, PIECE_BYTES as u32, Epoch::ZERO)?;
        restore.write(page, 0, &piece, Epoch::ZERO)?;
    }
    Ok(())
}
