//! Where a replay begins: at the log's birth, or with the oldest checkpoint that leads on.

use mmsb_tlog::{Cursor, SegmentHead};

use crate::{
    Error,
    checkpoint::Chain,
    kept::Kept,
    replay::Heading,
    state::{State, StatePages},
};

/// The oldest state that the log leads on from.
pub(super) struct Start {
    pub(super) cursor: Cursor,
    pub(super) heading: Heading,
    pub(super) pages: StatePages,
}

/// Reads the oldest state.
///
/// # Errors
/// What is wrong with the checkpoint, where the log does not reach back to its birth.
pub(super) fn oldest(kept: &Kept) -> Result<Start, Error> {
    let manifest = kept.dir().manifest();
    if manifest.segments[0] == SegmentHead::FIRST {
        let (heading, pages) = State::default().into_parts();
        return Ok(Start { cursor: manifest.first_cursor(), heading, pages });
    }
    let mut leading = manifest
        .checkpoints
        .iter()
        .filter_map(|checkpoint| Some((checkpoint, manifest.resume_at(checkpoint.cursor)?)));
    let Some((checkpoint, cursor)) = leading.next() else {
        let (file, what) =
            (kept.dir().segment_path(&manifest.segments[0]), "no checkpoint leads to the log".to_owned());
        return Err(Error::Corrupt { file, offset: 0, number: 0, what });
    };
    let state = Chain::open(kept, &manifest.chain(checkpoint.epoch()))?.into_state()?;
    let (heading, pages) = state.into_parts();
    Ok(Start { cursor, heading, pages })
}
