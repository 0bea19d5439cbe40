//! What tests break in line 5.

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;
use mmsb::{Builder, Bus, Epoch};

use crate::{Context, pages::Change, world};

/// The faults, as `--fault` calls them.
pub const NAMES: &[&str] = &["dropped-delta", "unlogged", "slow-commit", "one-at-a-time"];

const SLOW: Duration = Duration::from_millis(1);

/// A fault of the workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first delta of every commit is not made.
    DroppedDelta,
    /// The bus keeps no log.
    Unlogged,
    /// Every commit takes a millisecond more.
    SlowCommit,
    /// Every commit takes a millisecond more, in which nobody else commits.
    OneAtATime,
}

impl Fault {
    pub fn of(context: &Context) -> Option<Self> {
        let faults = [Self::DroppedDelta, Self::Unlogged, Self::SlowCommit, Self::OneAtATime];
        let (_, fault) = NAMES.iter().zip(faults).find(|(name, _)| context.has_fault(name))?;
        Some(fault)
    }
}

/// Creates the bus.
pub fn bus(fault: Option<Fault>, builder: Builder, path: &Path) -> Result<Bus> {
    Ok(match fault {
        Some(Fault::Unlogged) => builder.volatile()?,
        _ => builder.create(path)?,
    })
}

/// Makes a commit.
pub fn commit(fault: Option<Fault>, bus: &Bus, changes: &[Change]) -> Result<Epoch> {
    static ONE: Mutex<()> = Mutex::new(());
    match fault {
        Some(Fault::DroppedDelta) => world::commit(bus, &changes[1..]),
        Some(Fault::SlowCommit) => {
            thread::sleep(SLOW);
            world::commit(bus, changes)
        }
        Some(Fault::OneAtATime) => {
            let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
            thread::sleep(SLOW);
            world::commit(bus, changes)
        }
        _ => world::commit(bus, changes),
    }
}
