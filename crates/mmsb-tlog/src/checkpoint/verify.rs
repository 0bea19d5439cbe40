//! Verifying a checkpoint from its first byte to its last, hashes included.

use std::path::PathBuf;

use super::CheckpointReader;
use crate::{CheckpointRef, Fault, LogDir, LogError};

/// A part of a checkpoint that is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadBlock {
    /// The checkpoint's file.
    pub file: PathBuf,
    /// First byte of what is wrong.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// Reads all of the checkpoint that the manifest of `dir` tells of, and returns every damaged block; or the one
/// thing that keeps the blocks from being found. Changes nothing.
///
/// # Errors
/// [`LogError::UnsupportedVersion`], [`LogError::Io`].
///
/// # Cost
/// Reads and hashes the whole file.
pub fn verify(dir: &LogDir, listed: &CheckpointRef) -> Result<Vec<BadBlock>, LogError> {
    let reader = match CheckpointReader::open(dir, listed) {
        Ok(reader) => reader,
        Err(error) => return Ok(vec![bad_block(error)?]),
    };
    let (mut bad, mut buffer) = (Vec::new(), Vec::new());
    for number in 0..reader.block_count() {
        match reader.verify_block(number, std::mem::take(&mut buffer)) {
            Ok(spare) => buffer = spare,
            Err(error) => bad.push(bad_block(error)?),
        }
    }
    Ok(bad)
}

fn bad_block(error: LogError) -> Result<BadBlock, LogError> {
    match error {
        LogError::DamagedCheckpoint { file, offset, fault } => Ok(BadBlock { file, offset, fault }),
        other => Err(other),
    }
}
