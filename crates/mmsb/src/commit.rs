//! The write path: one transaction becomes one epoch.
//!
//! 0. If it has to do with the graph: what follows from it is computed, under the graph lock, and joins it (`wave`).
//! 1. Everything that can fail: encoding, checksum, room in the log. Nothing is held but, one at a time, a page
//!    that is compared with its capture.
//! 2. Lock every page written or read; check that each is as the transaction saw it.
//! 3. Reserve: number and place in the log in one step, while all locks are held. No way back from here.
//! 4. Store the bytes, publish the pages, hand the frame to the log.
//! 5. Wait for the durability asked for.
//!
//! A transaction that only wrote to living pages takes `plain`: its columns are the frame's already; of one
//! short write, `one`. Any other takes `general`, which knows each page.
//!
//! Invariant: two commits that share a page have epochs in the order in which they held it.

mod encode;
mod general;
mod graph;
mod held;
mod lines;
mod lock;
mod many;
mod one;
mod overlap;
mod plain;
mod scratch;
mod undo;

use std::sync::Arc;

use mmsb_page::Committer;
use mmsb_tlog::{Log, LogError};
use mmsb_types::{Durability, Epoch};

use self::one::One;
pub(crate) use self::{
    graph::{change as change_graph, changes_edges, flag},
    many::run as run_many,
    one::write as write_one,
    scratch::{Beside, PooledScratch, Scratch},
};
use crate::{
    Bus, Committed, Error, Transaction,
    graph::GraphChange,
    interner::SourceLoan,
    txn::check_text,
    wave::{self, WaveReport},
};

/// Commits a transaction.
pub(crate) fn run(bus: &Bus, mut tx: Transaction<'_>) -> Result<Committed, Error> {
    let timer = bus.time_commit(tx.draft.durability);
    let epoch = single(bus, &mut tx)?;
    let committed = settle(bus, epoch, tx.draft.durability)?;
    bus.counters().waited(timer.as_ref());
    Ok(committed)
}

/// Commits a transaction under the graph lock, and returns the wave that followed.
pub(crate) fn run_with_report(
    bus: &Bus,
    mut tx: Transaction<'_>,
) -> Result<(Committed, Arc<WaveReport>), Error> {
    let timer = bus.time_commit(tx.draft.durability);
    let nanos = begin(bus, &tx)?;
    let report = wave::commit_with_report(bus, &mut tx, nanos)?;
    let committed = settle(bus, report.epoch(), tx.draft.durability)?;
    bus.counters().waited(timer.as_ref());
    Ok((committed, report))
}

/// Checks what can be checked before anything is held, and takes the time.
pub(crate) fn begin(bus: &Bus, tx: &Transaction<'_>) -> Result<Option<u64>, Error> {
    tx.draft.tag().map_or(Ok(()), |tag| check_text("a tag", tag).map(drop))?;
    bus.journal().log()?.check_poison()?;
    // The clock is the user's code: nothing is held yet.
    Ok(bus.now_nanos())
}

/// Steps 1 to 4; returns the epoch.
fn single(bus: &Bus, tx: &mut Transaction<'_>) -> Result<Epoch, Error> {
    let nanos = begin(bus, tx)?;
    let committer = bus.committer()?;
    if graph::concerns(bus, tx) {
        drop(committer);
        return wave::commit(bus, tx, nanos);
    }
    publish(bus, tx, &committer, nanos, None)
}

/// Steps 1 to 4, under a committer that the caller took; returns the epoch.
#[inline]
pub(crate) fn publish(
    bus: &Bus,
    tx: &mut Transaction<'_>,
    committer: &Committer<'_>,
    nanos: Option<u64>,
    graph: Option<GraphChange<'_>>,
) -> Result<Epoch, Error> {
    let timer = bus.counters().time_commit(committer.number(), false);
    let epoch = publish_untimed(bus, tx, committer, nanos, graph)?;
    bus.counters().applied(timer.as_ref());
    Ok(epoch)
}

fn publish_untimed(
    bus: &Bus,
    tx: &mut Transaction<'_>,
    committer: &Committer<'_>,
    nanos: Option<u64>,
    graph: Option<GraphChange<'_>>,
) -> Result<Epoch, Error> {
    let log = bus.journal().log()?;
    let is_plain = tx.detail().is_none() && graph.is_none();
    if let (true, None, Some(one)) = (is_plain, nanos, One::of_draft(log, &tx.draft))
        && let Some(epoch) = one.publish(bus, log, committer, tx.draft.need)?
    {
        return Ok(epoch);
    }
    let mut pooled = PooledScratch::new();
    let scratch: &mut Scratch = &mut pooled;
    let source = bus.lend_source(&tx.draft);
    let mut commit = Commit { bus, log, committer, source, graph };
    if is_plain {
        let (source, cause) = (commit.source.as_ref(), tx.draft.cause());
        scratch.encode_sections(&tx.draft, Beside { source, cause, nanos, ..Beside::default() });
        if let Some(epoch) = commit.plain(&tx.draft, scratch)? {
            return Ok(epoch);
        }
        // Many writes overlap: a record for each page sorts them out.
        tx.make_detail()?;
    }
    commit.general(tx, scratch, nanos)
}

/// Step 5.
#[inline]
pub(crate) fn settle(bus: &Bus, epoch: Epoch, durability: Durability) -> Result<Committed, Error> {
    if bus.is_in_memory() {
        bus.after_commit();
        return Ok(Committed { epoch, reached: Durability::Volatile });
    }
    let log = bus.journal().log()?;
    let waited = log.wait(epoch.get(), durability);
    waited.map_err(|source: LogError| Error::OutcomeUnknown { epoch, source })?;
    bus.inner().mark_state_behind(epoch);
    Ok(Committed { epoch, reached: log.reached(epoch.get()) })
}

/// One commit on its way.
struct Commit<'c> {
    bus: &'c Bus,
    log: &'c Log,
    committer: &'c Committer<'c>,
    source: Option<SourceLoan<'c>>,
    /// Made under the graph lock, which the caller holds.
    graph: Option<GraphChange<'c>>,
}
