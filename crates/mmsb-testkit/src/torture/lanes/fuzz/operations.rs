//! Random operations against the model: transactions, rewinds, reopenings.

use mmsb::vfs::FaultyVfs;

use crate::torture::{oracle, workload::Workload};

/// Does so many operations and compares what is there in the end.
pub(super) fn run(seed: u64, operations: u64) -> Result<u64, String> {
    let run = Workload { seed, operations, stops: true }.run(&FaultyVfs::new());
    let exact = oracle::Bounds { model: &run.model, least: Some(run.model.epoch()), most: run.model.epoch() };
    let failed = run.error.as_ref().map(|error| oracle::told("an operation", error));
    failed.map_or(Ok(()), Err)?;
    oracle::recover(&run.disk, &exact)?;
    Ok(operations)
}
