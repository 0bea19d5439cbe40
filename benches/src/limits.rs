//! What this machine can do at best, measured in the run that asks for it: speed goals are ratios to these.
//!
//! Invariant: a limit is measured at most once a run, with the run's seed.

mod disk;
mod memory;

use std::{collections::BTreeMap, fmt};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::{Context, Figure, Unit};

/// A limit of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LimitKind {
    /// Copying far more than the caches hold; GB/s of bytes copied.
    CopyDram,
    /// Reading far more than the caches hold; GB/s.
    ReadDram,
    /// Copying pieces of this many bytes that stay in the nearest cache; GB/s of bytes copied.
    CopyCached {
        /// Length of a piece.
        bytes: u32,
    },
    /// The raw limit of a logged update, called F: copy 32 bytes into a random one of this many pages of
    /// 1 KiB, append 40 bytes to a buffer, and take their checksum; ns an update.
    Scatter {
        /// How many pages.
        pages: u32,
    },
    /// CRC-32C of pieces of this many bytes that stay in the nearest cache; GB/s.
    Checksum {
        /// Length of a piece.
        bytes: u32,
    },
    /// Writing a prewritten file from its start, unsynced, 1 MiB a call; GB/s.
    FileWrite,
    /// Writing 4 KiB into a prewritten file and syncing its data; us.
    FileSync,
}

impl LimitKind {
    /// Returns the unit of the limit's figure.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Scatter { .. } => Unit::Nanoseconds,
            Self::FileSync => Unit::Microseconds,
            _ => Unit::GigabytesPerSecond,
        }
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CopyDram => f.write_str("memcpy from memory"),
            Self::ReadDram => f.write_str("bulk read from memory"),
            Self::CopyCached { bytes } => write!(f, "cached memcpy of {bytes} B"),
            Self::Scatter { pages } => write!(f, "F over {pages} pages"),
            Self::Checksum { bytes } => write!(f, "CRC-32C of {bytes} B"),
            Self::FileWrite => f.write_str("file write"),
            Self::FileSync => f.write_str("file sync"),
        }
    }
}

/// The limits measured so far.
pub(crate) type Limits = BTreeMap<LimitKind, Figure>;

/// Measures one limit.
pub(crate) fn measure(kind: LimitKind, context: &mut Context) -> Result<Figure> {
    let sample = match kind {
        LimitKind::CopyDram => memory::copy_dram(context),
        LimitKind::ReadDram => memory::read_dram(context),
        LimitKind::CopyCached { bytes } => memory::copy_cached(context, bytes as usize),
        LimitKind::Scatter { pages } => memory::scatter(context, pages as usize),
        LimitKind::Checksum { bytes } => memory::checksum(context, bytes as usize),
        LimitKind::FileWrite => disk::write(context),
        LimitKind::FileSync => disk::sync(context),
    };
    let sample = sample.with_context(|| format!("measuring the limit `{kind}`"))?;
    Ok(Figure::new(kind.to_string(), kind.unit(), sample))
}
