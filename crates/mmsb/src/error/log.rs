//! What the log says went wrong, in the user's words.

use std::path::PathBuf;

use mmsb_tlog::{Fault, LogError};
use mmsb_types::Epoch;

use crate::Error;

impl From<LogError> for Error {
    fn from(error: LogError) -> Self {
        match error {
            LogError::NotABus { dir, what } => Self::NotABus { path: dir, what },
            LogError::AlreadyExists { dir } => Self::AlreadyExists { path: dir },
            LogError::Locked { dir, source } => Self::Locked { path: dir, source },
            LogError::Io { operation, file, offset, source } => Self::Io { operation, file, offset, source },
            LogError::Corrupt { file, offset, number, fault } => corrupt(file, offset, number, &fault),
            LogError::DamagedCheckpoint { file, offset, fault } => corrupt(file, offset, 0, &fault),
            LogError::UnsupportedVersion { file, found, supported } => {
                Self::UnsupportedVersion { file, found, supported }
            }
            LogError::RecordTooLarge { bytes, limit } => Self::RecordTooLarge { bytes, limit },
            LogError::Poisoned { cause } => Self::Poisoned { cause },
            LogError::HistoryGone { oldest } => {
                Self::HistoryGone { asked: Epoch::ZERO, oldest: Epoch::new(oldest) }
            }
            LogError::NumbersUsedUp { limit } => Self::EpochsUsedUp { limit },
            LogError::Spawn { source } => Self::Io {
                operation: "starting the thread that writes",
                file: PathBuf::from("the log"),
                offset: 0,
                source,
            },
            other => Self::Poisoned { cause: other.to_string() },
        }
    }
}

fn corrupt(file: PathBuf, offset: u64, number: u64, fault: &Fault) -> Error {
    let what = fault.to_string();
    match fault {
        Fault::CutShort { .. } => Error::Truncated { file, offset, number, what },
        _ => Error::Corrupt { file, offset, number, what },
    }
}
