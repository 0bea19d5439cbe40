//! What the next checkpoint builds on, and what may go: from the manifest alone, nothing is read or written.
//!
//! Invariant: whatever is left holds two chains, where there are two, and the log from the older one on; every
//! tag, every state that somebody holds on to; and all that those build on.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use mmsb_tlog::{CheckpointRef, Manifest, SegmentHead};

/// A chain of so many is not continued: every ninth checkpoint is full.
pub(super) const CHAIN_MAX: usize = 9;

/// What is left of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) segments: Vec<SegmentHead>,
    pub(super) checkpoints: Vec<CheckpointRef>,
}

/// Returns the checkpoint that the next one builds on; `None` if that has to be full. `broken` ones cannot be
/// read.
pub(super) fn parent(manifest: &Manifest, broken: &BTreeSet<u64>) -> Option<u64> {
    let newest = manifest.checkpoints.iter().rev().find(|newest| is_sound(manifest, broken, newest))?;
    (manifest.chain(newest.epoch()).len() < CHAIN_MAX).then_some(newest.epoch())
}

/// Tells whether there is a checkpoint of the state `epoch`, and all that it builds on.
pub(super) fn has_sound(manifest: &Manifest, broken: &BTreeSet<u64>, epoch: u64) -> bool {
    manifest.checkpoint(epoch).is_some_and(|checkpoint| is_sound(manifest, broken, checkpoint))
}

/// Tells whether there is one of a state behind `epoch`.
pub(super) fn has_newer(manifest: &Manifest, broken: &BTreeSet<u64>, epoch: u64) -> bool {
    let mut newer = manifest.checkpoints.iter().rev().take_while(|checkpoint| checkpoint.epoch() > epoch);
    newer.any(|checkpoint| is_sound(manifest, broken, checkpoint))
}

/// Returns what is left if every state from `wanted` on is to stay, and those `held`.
pub(super) fn left(manifest: &Manifest, broken: &BTreeSet<u64>, wanted: u64, held: &[u64]) -> Left {
    let sound: Vec<_> =
        manifest.checkpoints.iter().filter(|checkpoint| is_sound(manifest, broken, checkpoint)).collect();
    let floor = held
        .iter()
        .fold(wanted, |floor, &held| if leads_on(manifest, held) { floor.min(held) } else { floor });
    let floor = fallback(manifest, &sound).map(|fallback| fallback.min(floor));
    let base = sound.iter().rev().find(|sound| {
        floor.is_some_and(|floor| sound.epoch() <= floor) && manifest.resume_at(sound.cursor).is_some()
    });
    let Some(base) = base else { return Left::all(manifest) };
    let tagged = manifest.tags.iter().map(|tag| tag.number);
    let newer = sound.iter().map(|sound| sound.epoch()).filter(|&epoch| epoch >= base.epoch());
    let needed: BTreeSet<u64> = newer
        .chain(tagged)
        .chain(held.iter().copied())
        .flat_map(|epoch| manifest.chain(epoch))
        .map(|checkpoint| checkpoint.epoch())
        .collect();
    let first = manifest.segment_of(base.cursor.lsn).segment;
    Left {
        segments: manifest.segments.iter().filter(|head| head.segment >= first).copied().collect(),
        checkpoints: manifest.checkpoints.iter().filter(|c| needed.contains(&c.epoch())).copied().collect(),
    }
}

impl Left {
    fn all(manifest: &Manifest) -> Self {
        Self { segments: manifest.segments.clone(), checkpoints: manifest.checkpoints.clone() }
    }
}

/// Tells whether nothing that the checkpoint needs is broken.
fn is_sound(manifest: &Manifest, broken: &BTreeSet<u64>, checkpoint: &CheckpointRef) -> bool {
    broken.is_empty() || manifest.chain(checkpoint.epoch()).iter().all(|link| !broken.contains(&link.epoch()))
}

/// Tells whether the log goes on from the state `number`: it is its birth's, or that of a checkpoint in it.
fn leads_on(manifest: &Manifest, number: u64) -> bool {
    number == 0 || manifest.checkpoint(number).is_none_or(|held| manifest.resume_at(held.cursor).is_some())
}

/// Returns the newest checkpoint that shares no file with the newest one: what is left if that one's chain is
/// lost.
fn fallback(manifest: &Manifest, sound: &[&CheckpointRef]) -> Option<u64> {
    let root =
        |checkpoint: &CheckpointRef| manifest.chain(checkpoint.epoch()).first().map(CheckpointRef::epoch);
    let newest = root(sound.last()?);
    let apart = sound.iter().rev().find(|sound| root(sound) != newest);
    apart.map(|sound| sound.epoch())
}
