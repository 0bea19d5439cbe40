//! Loading the newest checkpoint that can be read into page memory: where a bus that opens begins.
//!
//! Invariant: a chain that fails half way leaves nothing behind: the next one gets a store of its own.

use std::collections::BTreeSet;

use mmsb_page::{PageStore, StoreOptions};
use mmsb_tlog::{CheckpointRef, Cursor, Manifest, SegmentHead};

use super::{Attempts, Chain};
use crate::{Error, kept::Kept, recovery::Opening, replay::Heading};

/// A state that was loaded, and where the log goes on behind it.
pub(crate) struct Loaded {
    pub(crate) store: PageStore,
    pub(crate) heading: Heading,
    pub(crate) cursor: Cursor,
    /// Checkpoints that cannot be read, as far as that was found out.
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
    let choice = choose(kept, manifest, |chain| {
        let mut store = PageStore::with_options(options);
        chain.restore(&mut store, opening).map(|heading| (store, heading))
    })?;
    let broken = choice.broken;
    Ok(match choice.chosen {
        None => Loaded { broken, ..Loaded::nothing(kept, options) },
        Some((_, (store, heading))) => Loaded { store, heading, cursor: choice.cursor, broken },
    })
}

/// Where a bus begins, and why not elsewhere.
pub(crate) struct Choice<T> {
    /// The chain's files, oldest first, and what came of it; `None` for the log's birth.
    pub(crate) chosen: Option<(Vec<CheckpointRef>, T)>,
    /// Where the log goes on.
    pub(crate) cursor: Cursor,
    /// Newer checkpoints that cannot be read, the newest first, and why.
    pub(crate) passed_over: Vec<(u64, Error)>,
    /// Checkpoints that cannot be read, as far as that was found out.
    pub(crate) broken: BTreeSet<u64>,
}

/// Chooses the newest chain of which `load` makes something; the log's birth, if there is none.
///
/// # Errors
/// As [`load_newest`], and what `load` fails for if it is not the disk.
pub(crate) fn choose<T>(
    kept: &Kept,
    manifest: &Manifest,
    mut load: impl FnMut(Chain) -> Result<T, Error>,
) -> Result<Choice<T>, Error> {
    let (mut attempts, mut passed_over): (_, Vec<(u64, Error)>) = (Attempts::default(), Vec::new());
    for checkpoint in manifest.checkpoints.iter().rev() {
        let Some(cursor) = manifest.resume_at(checkpoint.cursor) else { break };
        let epoch = checkpoint.epoch();
        if let Some(error) = attempts.what_is_wrong(&kept.dir(), epoch) {
            passed_over.push((epoch, error));
        }
        if !attempts.may_be_whole(manifest, checkpoint) {
            continue;
        }
        let chain = manifest.chain(epoch);
        match Chain::open(kept, &chain).and_then(&mut load) {
            Ok(loaded) => {
                let broken = attempts.into_broken();
                return Ok(Choice { chosen: Some((chain, loaded)), cursor, passed_over, broken });
            }
            Err(error) if !error.is_of_storage() => return Err(error),
            Err(error) => {
                tracing::error!(%error, epoch, "a checkpoint cannot be read");
                attempts.failed(&kept.dir(), &chain, &error);
                passed_over.push((epoch, error));
            }
        }
    }
    if manifest.segments[0] == SegmentHead::FIRST {
        let (cursor, broken) = (manifest.first_cursor(), attempts.into_broken());
        return Ok(Choice { chosen: None, cursor, passed_over, broken });
    }
    Err(passed_over.into_iter().next().map_or_else(|| no_beginning(kept, manifest), |(_, error)| error))
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
