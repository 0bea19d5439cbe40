//! Failing calls: each call of a short workload, in each way it can fail, once and for good.

use mmsb::{
    Error,
    vfs::{
        FaultyVfs,
        faulty::{Call, Crash, Failure, FailureKind},
    },
};

use crate::{
    Rng,
    torture::{
        Tally, Task,
        oracle::{Bounds, survives, whole},
        pool,
        workload::Workload,
    },
};

/// Transactions and the like in one workload.
const OPERATIONS: u64 = 24;

pub(super) fn run(task: &Task) -> Tally {
    let mut tally = Tally::default();
    let mut seed = task.seed;
    while tally.tried < task.cases && tally.failures.is_empty() {
        let workload = Workload { seed, operations: OPERATIONS, stops: true };
        let failures = failures_of(workload);
        let one = |case: u64| fail_at(workload, failures[case as usize]);
        let cases = (failures.len() as u64).min(task.cases - tally.tried);
        let more = pool::each("io-errors", &Task { seed, ..*task }, cases, one);
        tally.tried += more.tried;
        tally.failures.extend(more.failures);
        seed = seed.wrapping_add(1);
    }
    tally
}

/// Lists every failure that can meet the workload.
fn failures_of(workload: Workload) -> Vec<Failure> {
    let disk = FaultyVfs::new();
    disk.list_calls();
    drop(workload.run(&disk));
    let each = |call: Call| {
        let kinds = FailureKind::ALL.into_iter().filter(move |kind| kind.applies_to(call.kind));
        kinds.flat_map(move |kind| [false, true].map(|sticky| Failure { at: call.number, kind, sticky }))
    };
    disk.take_calls().into_iter().flat_map(each).collect()
}

fn fail_at(workload: Workload, failure: Failure) -> Result<u64, String> {
    let disk = FaultyVfs::new();
    disk.fail(failure);
    let run = workload.run(&disk);
    let place = |what: String| format!("{failure:?}: {what}");
    if let Some(error) = run.error.as_ref().filter(|error| !is_plain(error)) {
        return Err(place(format!("a failing disk is told as: {}", whole(error))));
    }
    disk.mend();
    let (call, mut dice) = (disk.call_count(), Rng::new(workload.seed ^ failure.at << 16));
    let bounds = Bounds { model: &run.model, least: run.promised_at(call), most: run.model.epoch() };
    let after_a_cut = disk.crash(Crash::Lose);
    survives(&after_a_cut, &bounds, &mut dice).map_err(|what| place(format!("after a power cut: {what}")))?;
    survives(&disk, &bounds, &mut dice).map_err(|what| place(format!("after a restart: {what}")))?;
    Ok(u64::from(disk.failure_count() > 0))
}

/// Tells whether an error says what happened, and does not accuse bytes that are well.
fn is_plain(error: &Error) -> bool {
    matches!(error, Error::Io { .. } | Error::Poisoned { .. } | Error::OutcomeUnknown { .. })
}
