//! Loading the newest checkpoint that can be read into page memory: where a bus that opens begins.
//!
//! Invariant: a chain that fails half way leaves nothing behind: the next one gets a store of its own.

use std::collections::BTreeSet;

use mmsb_page::{PageStore, StoreOptions};
use mmsb_tlog::{Cursor, Manifest, SegmentHead};

use super::Chain;
use crate::{Error, kept::Kept, recovery::Opening, replay::Heading};

/// A state that was loaded, and where the log goes on behind it.
pub(crate) struct Loaded {
    pub(crate) store: PageStore,
    pub(crate) heading: Heading,
    pub(crate) cursor: Cursor,
    /// Checkpoints that are newer, and cannot be read.
    pub(crate) broken: BTreeSet<u64>,
}

/// Loads the newest chain that can be read; the empty state of the log's birth, if there is none.
///
/// # Errors
/// What is wrong with the newest chain, if none can be read and the log does not reach back to its birth;
/// [`Error::OutOfMemory`].
pub(crate) fn load_newest(kept: &Kept, options: StoreOptions, opening: &Opening) -> Result<Loaded, Error> {
    loop {
        let manifest = kept.dir().manifest();
        let loaded = load_newest_of(kept, &manifest, options, opening);
        // A writer beside a reader may have given up what was being read.
        if kept.dir().manifest().generation == manifest.generation {
            return loaded;
        }
    }
}

fn load_newest_of(
    kept: &Kept,
    manifest: &Manifest,
    options: StoreOptions,
    opening: &Opening,
) -> Result<Loaded, Error> {
    let (mut broken, mut damage) = (BTreeSet::new(), None);
    for checkpoint in manifest.checkpoints.iter().rev() {
        let Some(cursor) = manifest.resume_at(checkpoint.cursor) else { break };
        let chain = manifest.chain(checkpoint.epoch());
        if chain.iter().any(|link| broken.contains(&link.epoch())) {
            continue;
        }
        let mut store = PageStore::with_options(options);
        match Chain::open(kept, &chain).and_then(|chain| chain.restore(&mut store, opening)) {
            Ok(heading) => return Ok(Loaded { store, heading, cursor, broken }),
            Err(error) if !error.is_of_storage() => return Err(error),
            Err(error) => {
                tracing::error!(%error, epoch = checkpoint.epoch(), "a checkpoint cannot be read");
                broken.insert(checkpoint.epoch());
                damage.get_or_insert(error);
            }
        }
    }
    if manifest.segments[0] == SegmentHead::FIRST {
        return Ok(Loaded { broken, ..Loaded::nothing(kept, options) });
    }
    Err(damage.unwrap_or_else(|| no_beginning(kept, manifest)))
}

/// The error for a log that begins late, though no checkpoint tells the state before it.
fn no_beginning(kept: &Kept, manifest: &Manifest) -> Error {
    let head = manifest.segments[0];
    let what = "the log begins late, and no checkpoint tells the state before it".to_owned();
    Error::Corrupt { file: kept.dir().segment_path(&head), offset: 0, number: 0, what }
}

impl Loaded {
    /// Returns the empty state, at the log's first record.
    pub(crate) fn nothing(kept: &Kept, options: StoreOptions) -> Self {
        let cursor = kept.dir().manifest().first_cursor();
        let (store, heading) = (PageStore::with_options(options), Heading::default());
        Self { store, heading, cursor, broken: BTreeSet::new() }
    }
}
