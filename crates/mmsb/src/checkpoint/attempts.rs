//! Which chains are worth a try, after some could not be read.
//!
//! Invariant: however many checkpoints a manifest names, and however many of them build on one file, a file that is
//! not there is asked for once, and one that is there is read [`READS_MAX`] times and once more at most.

use std::collections::{BTreeMap, BTreeSet};

use mmsb_tlog::{CheckpointRef, Fault, LogDir, LogError, Manifest};

use super::plan::CHAIN_MAX;
use crate::Error;

/// So many chains that cannot be read may be built on one file before it is read for its own state only: as many as
/// a bus builds on it, each of them damaged by itself.
const READS_MAX: usize = CHAIN_MAX - 1;

/// What is known of checkpoints that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    broken: BTreeSet<u64>,
    /// Those whose files are not there: looked for once, after the first failure.
    absent: Option<BTreeSet<u64>>,
    /// How many chains failed that build on a checkpoint.
    failed_above: BTreeMap<u64, usize>,
}

impl Attempts {
    /// Tells whether the chain that ends in `tip` may still be whole.
    pub(crate) fn may_be_whole(&self, manifest: &Manifest, tip: &CheckpointRef) -> bool {
        let parent = |link: &CheckpointRef| manifest.checkpoint(link.parent?).copied();
        let mut below = std::iter::successors(parent(tip), parent);
        self.may_be_read(tip.epoch()) && below.all(|link| self.may_be_built_on(link.epoch()))
    }

    /// Returns what is known to be wrong with the checkpoint's own file.
    pub(crate) fn what_is_wrong(&self, dir: &LogDir, epoch: u64) -> Option<Error> {
        let fault = match self.is_absent(epoch) {
            true => Fault::Missing,
            false => {
                self.broken.contains(&epoch).then_some(Fault::Layout("one that builds on it told why"))?
            }
        };
        let file = dir.checkpoint_path(epoch);
        Some(LogError::DamagedCheckpoint { file, offset: 0, fault }.into())
    }

    /// Takes note that a chain could not be read.
    pub(crate) fn failed(&mut self, dir: &LogDir, chain: &[CheckpointRef], error: &Error) {
        let is_blamed = |link: &&CheckpointRef| error.file() == Some(&dir.checkpoint_path(link.epoch()));
        let blamed = chain.iter().find(is_blamed).or(chain.last());
        self.broken.extend(blamed.map(CheckpointRef::epoch));
        for link in chain.iter().rev().skip(1) {
            *self.failed_above.entry(link.epoch()).or_default() += 1;
        }
        self.absent.get_or_insert_with(|| absent(dir));
    }

    /// Returns the checkpoints that cannot be read, as far as that was found out.
    pub(crate) fn into_broken(self) -> BTreeSet<u64> {
        self.broken.into_iter().chain(self.absent.unwrap_or_default()).collect()
    }

    fn is_absent(&self, epoch: u64) -> bool {
        self.absent.as_ref().is_some_and(|absent| absent.contains(&epoch))
    }

    fn may_be_read(&self, epoch: u64) -> bool {
        !self.broken.contains(&epoch) && !self.is_absent(epoch)
    }

    fn may_be_built_on(&self, epoch: u64) -> bool {
        self.may_be_read(epoch) && self.failed_above.get(&epoch).is_none_or(|&count| count < READS_MAX)
    }
}

/// Returns the checkpoints of the manifest that the directory does not list; none if it cannot be listed.
fn absent(dir: &LogDir) -> BTreeSet<u64> {
    let Ok(names) = dir.vfs().list(dir.path()) else { return BTreeSet::new() };
    let there: BTreeSet<u64> = names.iter().filter_map(|name| CheckpointRef::epoch_of(name)).collect();
    let listed = dir.manifest().checkpoints.iter().map(CheckpointRef::epoch).collect::<BTreeSet<_>>();
    listed.difference(&there).copied().collect()
}
