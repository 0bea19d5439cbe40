//! Walking the commits of a log, and showing each to a witness.

use mmsb_tlog::{Commit, Cursor};
use mmsb_types::{Lsn, Violation};

use super::{unreadable, witness::Witness};
use crate::{Bus, Error, journal::Origin, kept::Kept, verify_replay::oldest};

/// Checks every commit that the log keeps against the state before it: each delta is for a page that lives then, lies
/// inside it, has its length if it is a whole page, and overlaps no other of its commit; events of pages, names and
/// the graph fit; commits are whole, and follow each other without a gap.
///
/// # Cost
/// One pass over the log; holds no page's bytes.
#[must_use]
pub fn integrity(bus: &Bus) -> Vec<Violation> {
    walk(bus).integrity
}

/// Shows all commits of a bus to a witness.
pub(super) fn walk(bus: &Bus) -> Witness {
    let mut witness = Witness::default();
    match visit(bus, &mut witness) {
        Ok(()) | Err(Error::NoHistory) => {}
        Err(error) => witness.integrity.push(unreadable(&error)),
    }
    witness
}

fn visit(bus: &Bus, witness: &mut Witness) -> Result<(), Error> {
    let begin = |origin: Origin| witness.begin(origin);
    let ((), mut pass) = bus.journal().oldest_start(bus.epoch(), begin)?;
    let mut is_last = |commit: &Commit<'_>| {
        witness.see(commit);
        Ok(witness.is_full())
    };
    while pass.visit(&mut is_last)? == Some(false) {}
    Ok(())
}

/// Shows all commits of a directory up to `end` to a witness.
pub(super) fn walk_files(kept: &Kept, end: Lsn, witness: &mut Witness) -> Result<(), Error> {
    let (origin, start): (Origin, Cursor) = oldest(kept)?;
    witness.begin(origin)?;
    let mut reader = kept.reader(start, end)?;
    while let Some(commit) = reader.next_commit().map_err(|error| kept.failed(error, start.number))? {
        witness.see(&commit);
        if witness.is_full() {
            break;
        }
    }
    Ok(())
}
