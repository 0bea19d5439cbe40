//! Checkpoints: all pages as of one epoch, or those changed since another one, in a file of their own.
//!
//! A file is a head, blocks of about a megabyte of pages, metadata that only its maker understands, an index of
//! the blocks, and a footer. [`CheckpointWriter`] streams it under a temporary name and gives it its own name
//! once it is synced and was read back; [`CheckpointReader`] believes nothing it has not checked.
//!
//! What covers what: CRCs in head, blocks and footer cover every byte, padding included, so damage is found
//! where it is. The index holds the BLAKE3 hash of every block, the footer that of the metadata; the hash of the
//! file is that of head, index and footer, and stands in the manifest. So a reader that has opened a file knows
//! that its index is the one that was written, and a block of another file, or an older one, does not pass.
//!
//! Reading order: `head`, `footer`, `index` (what is known of the whole), `form`, `runs` (how one page is stored),
//! `build`, `block` (one block, both ways), `pipe`, `writer`, `reader`, `verify`.
//!
//! Invariant: knows pages as numbers, epochs and bytes; what they mean, and what the metadata says, is not
//! known here.

mod block;
mod build;
mod footer;
mod form;
mod head;
mod index;
mod pipe;
mod read_back;
mod reader;
mod row;
mod runs;
mod verify;
mod writer;

pub use block::{Block, StoredPage};
pub use form::PageForm;
pub use reader::CheckpointReader;
pub use verify::{BadBlock, verify};
pub use writer::CheckpointWriter;

pub(crate) use head::MAGIC;

/// Version of the format of checkpoint files that this build writes and reads.
pub const CHECKPOINT_VERSION: u16 = 1;
/// A block ends once it is at least so long, in bytes: it is longer by one page at most.
pub const BLOCK_BYTES: usize = 1 << 20;
/// Most bytes of metadata in a checkpoint.
pub const META_BYTES_MAX: usize = i32::MAX as usize;

/// Everything in the file starts at a multiple of this, in bytes.
const ALIGN: usize = 8;

/// Returns how many zeros follow so many bytes.
const fn padding(bytes: usize) -> usize {
    bytes.next_multiple_of(ALIGN) - bytes
}
