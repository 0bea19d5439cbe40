//! Line `durability`: checkpoints, restoring, recovery and group commit, each as a ratio to what the same disk and
//! memory do for the same bytes in the same run.
//!
//! Everything goes to a real file system, under the run's folder. Each group of rows runs in a process of its own, so
//! that one's memory is not another's; each looks first whether its files fit.
//!
//! What takes many seconds, for a disk may be slow where it has to find new blocks, is repeated three times in a full
//! run, and the report says so; all else seven times at least.

mod at_once;
mod beside;
mod bus;
mod checkpoint;
mod disk;
mod every;
mod raw;
mod recovery;
mod restore;
mod sync;

use anyhow::Result;

use crate::{
    Context, Line, Outcome,
    child::{self, Child},
    clock::steal_time,
};

inventory::submit! {
    Line {
        name: "durability",
        number: None,
        question: "what does it cost that nothing is lost?",
        faults: &[],
        run,
    }
}

/// The groups of rows, each for a process of its own.
const GROUPS: [&str; 6] = [
    "durability-checkpoint",
    "durability-beside",
    "durability-restore",
    "durability-recovery",
    "durability-sync",
    "durability-every",
];

inventory::submit! { Child { name: GROUPS[0], run: checkpoint::run } }
inventory::submit! { Child { name: GROUPS[1], run: beside::run } }
inventory::submit! { Child { name: GROUPS[2], run: restore::run } }
inventory::submit! { Child { name: GROUPS[3], run: recovery::run } }
inventory::submit! { Child { name: GROUPS[4], run: sync::run } }
inventory::submit! { Child { name: GROUPS[5], run: every::run } }

fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    outcome.note(disk::describe(context)?);
    let steal = steal_time()?;
    for group in GROUPS {
        match child::measure(context, group) {
            Ok(rows) => outcome.extend(rows),
            // What the other groups found is worth telling.
            Err(error) => outcome.failure(format!("{error:#}")),
        };
    }
    let stolen = (steal_time()? - steal).as_millis();
    outcome.note(format!("other machines took {stolen} ms of the processors meanwhile"));
    Ok(outcome)
}
