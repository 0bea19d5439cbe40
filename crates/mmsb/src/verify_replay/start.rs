//! Where a replay begins: at the log's birth, or with the oldest checkpoint that leads on.

use mmsb_tlog::{Cursor, SegmentHead};

use crate::{
    Error,
    checkpoint::Chain,
    journal::Origin,
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

impl Start {
    /// Reads the oldest state.
    ///
    /// # Errors
    /// As [`oldest`].
    pub(super) fn of(kept: &Kept) -> Result<Self, Error> {
        let (origin, cursor) = oldest(kept)?;
        let (heading, pages) = origin.into_state()?.into_parts();
        Ok(Self { cursor, heading, pages })
    }
}

/// Finds the oldest state, and where the log leads on from it.
///
/// # Errors
/// What is wrong with the checkpoint, where the log does not reach back to its birth.
pub(crate) fn oldest(kept: &Kept) -> Result<(Origin, Cursor), Error> {
    let manifest = kept.dir().manifest();
    if manifest.segments[0] == SegmentHead::FIRST {
        return Ok((Origin::State(State::default()), manifest.first_cursor()));
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
    let chain = Chain::open(kept, &manifest.chain(checkpoint.epoch()))?;
    Ok((Origin::Checkpoint(Box::new(chain)), cursor))
}
