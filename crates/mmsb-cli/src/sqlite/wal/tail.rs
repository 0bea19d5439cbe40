//! What lies behind the last frame that checked: lawful leftovers, or a sign of damage.
//!
//! Frames here cannot be trusted, only recognized: those with the log's own salts were written to
//! this log, and one of them that ends a transaction was once a commit.

use super::{checksum::Checksum, frame, header::WalHeader};
use crate::sqlite::{Input, SqliteError};

/// Bytes looked through at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Why the log ends where it does; `index` counts frames of the run that was checked.
#[derive(Debug)]
pub(super) enum End {
    /// The file ends.
    OfFile,
    /// A frame bears other salts.
    Stranger { index: usize },
    /// A frame bears the log's salts and a wrong checksum.
    Mismatch { index: usize, computed: Checksum },
}

impl End {
    /// Returns how many bytes of the run lie in front of the end.
    pub(super) fn good_bytes(&self, frame_bytes: usize) -> usize {
        match *self {
            Self::OfFile => 0,
            Self::Stranger { index } | Self::Mismatch { index, .. } => index * frame_bytes,
        }
    }
}

/// What the rest of the file holds.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// Frames with other salts.
    pub(super) stale_frame_count: u64,
    /// Frames with the log's own salts, or with none yet.
    pub(super) own_frame_count: u64,
    /// Bytes at the end that are no whole frame.
    pub(super) torn_byte_count: u64,
    /// The first frame with the log's own salts that ends a transaction, counted from the tail's start.
    pub(super) commit_index: Option<u64>,
}

impl Tail {
    /// Looks through `rest`, which begins at a frame's start, and all that is left of the input.
    pub(super) fn read(input: &mut Input, header: &WalHeader, rest: &[u8]) -> Result<Self, SqliteError> {
        let frame_bytes = header.frame_bytes();
        let mut tail = Self::default();
        let mut buffer = vec![0; rest.len().max(CHUNK_BYTES).next_multiple_of(frame_bytes)];
        buffer[..rest.len()].copy_from_slice(rest);
        let mut filled = rest.len();
        loop {
            filled += input.fill(&mut buffer[filled..])?;
            let frames = buffer[..filled].chunks_exact(frame_bytes);
            tail.torn_byte_count = frames.remainder().len() as u64;
            frames.for_each(|bytes| tail.look_at(bytes, header));
            if filled < buffer.len() {
                // The file is short here only if no error cut it short.
                input.fill(&mut buffer)?;
                return Ok(tail);
            }
            filled = 0;
        }
    }

    fn look_at(&mut self, bytes: &[u8], header: &WalHeader) {
        if frame::salts(bytes) != header.salts && !frame::is_unsealed(bytes) {
            self.stale_frame_count += 1;
            return;
        }
        if frame::commit_pages(bytes).is_some() && !frame::is_unsealed(bytes) {
            let index = self.stale_frame_count + self.own_frame_count;
            self.commit_index.get_or_insert(index);
        }
        self.own_frame_count += 1;
    }
}
