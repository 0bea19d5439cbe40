//! Helpers for the tests of programs that keep their state in a bus.

use mmsb_types::Epoch;

use crate::{Bus, checkpoint};

/// Asserts that replaying the bus's log gives its live state, byte for byte.
///
/// Call it while nobody commits.
///
/// # Panics
/// If any page, name or byte differs; the message lists all violations.
#[track_caller]
pub fn assert_replays(bus: &Bus) {
    let violations = bus.check();
    assert!(violations.is_empty(), "replay does not give the live state: {violations:#?}");
}

/// Reads the metadata of a checkpoint at `epoch`, writes what it says, reads that: the same state, the same
/// bytes. `false` if it is refused. For fuzzing.
///
/// # Errors
/// What differs.
#[doc(hidden)]
pub fn metadata_comes_back(envelope: &[u8], epoch: Epoch) -> Result<bool, String> {
    let Ok((heading, living)) = checkpoint::decode(envelope, epoch) else { return Ok(false) };
    let written = checkpoint::encode(&heading, &living).map_err(|error| error.to_string())?;
    let (again, living_again) = checkpoint::decode(&written, epoch)?;
    let rewritten = checkpoint::encode(&again, &living_again).map_err(|error| error.to_string())?;
    if living != living_again || written != rewritten {
        return Err("metadata that was read is written as another state".into());
    }
    Ok(true)
}

/// Reads an index file of a segment of up to `segment_bytes`, writes what it says, reads that: the same. `false` if
/// it is refused. For fuzzing.
///
/// # Errors
/// What differs.
#[doc(hidden)]
pub fn index_comes_back(file: &[u8], segment_bytes: u64) -> Result<bool, String> {
    crate::index::comes_back(file, segment_bytes)
}

/// Returns the metadata of a bus as a checkpoint of its newest state holds it. For fuzzing.
///
/// # Errors
/// Why there is no checkpoint of it.
#[doc(hidden)]
pub fn metadata(bus: &Bus) -> Result<Vec<u8>, crate::Error> {
    let epoch = bus.checkpoint()?.epoch.get();
    let dir = bus.journal().dir();
    let listed = dir.manifest().checkpoint(epoch).copied().expect("it was made just now");
    Ok(mmsb_tlog::CheckpointReader::open(&dir, &listed)?.meta().to_vec())
}
