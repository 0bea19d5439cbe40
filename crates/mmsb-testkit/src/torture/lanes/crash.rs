//! Power cuts: after every change of the disk by a long workload, with any part of what was unsynced; and the
//! death of the process alone.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
};

use mmsb::vfs::{
    FaultyVfs,
    faulty::{Crash, Fate, Moment},
};

use crate::{
    Rng,
    torture::{
        Tally, Task,
        oracle::{Bounds, survives},
        pool,
        workload::{Run, Workload},
    },
};

/// Transactions and the like in one workload.
const OPERATIONS: u64 = 2_000;
/// Power cuts after one change, at most: most have fewer different ones.
const CUTS_MAX: u64 = 48;
/// Changes of the disk that one case goes through.
const STRIDE: usize = 4;

pub(super) fn run(task: &Task) -> Tally {
    let mut tally = Tally::default();
    let mut seed = task.seed;
    while tally.tried < task.cases && tally.failures.is_empty() {
        let workload = Workload { seed, operations: OPERATIONS, stops: true };
        let left = task.cases - tally.tried;
        let run = match record(workload) {
            Ok(run) => run,
            Err(what) => {
                tally.failures.push(format!("MMSB_SEED={seed}: {what}"));
                return tally;
            }
        };
        let cuts = (left / run.moments.len() as u64 + 1).min(CUTS_MAX);
        let cases = run.moments.len().div_ceil(STRIDE) as u64;
        let one = |case: u64| {
            let first = case as usize * STRIDE;
            let moments = &run.moments[first..run.moments.len().min(first + STRIDE)];
            moments.iter().map(|moment| cut_after(&run, moment, cuts)).sum()
        };
        let more = pool::each("crash", &Task { seed, ..*task }, cases, one);
        tally.tried += more.tried;
        tally.failures.extend(more.failures);
        seed = seed.wrapping_add(1);
    }
    tally
}

/// Does a workload on a disk that remembers, and on which nothing may fail.
pub(in crate::torture) fn record(workload: Workload) -> Result<Run, String> {
    let disk = FaultyVfs::new();
    disk.record();
    match catch_unwind(AssertUnwindSafe(|| workload.run(&disk))) {
        Err(_) => Err("the workload panics".into()),
        Ok(Run { error: Some(error), .. }) => {
            Err(format!("the workload fails on a disk that does not: {error}"))
        }
        Ok(run) => Ok(run),
    }
}

/// Returns different ways in which a power cut after this change may go, at most so many.
pub(super) fn cuts_after(moment: &Moment, cuts_max: u64, seed: u64) -> impl Iterator<Item = Vec<Fate>> {
    let mut seen = HashSet::new();
    let seeds = (0..cuts_max * 2).map(move |cut| Crash::Seeded(seed ^ cut << 40));
    let crashes = [Crash::Lose, Crash::Keep].into_iter().chain(seeds);
    let crashes = crashes.take(if moment.pending_count() == 0 { 1 } else { usize::MAX });
    let fates = crashes.map(|crash| moment.decide(crash)).filter(move |fates| seen.insert(fates.clone()));
    fates.take(cuts_max as usize)
}

fn cut_after(run: &Run, moment: &Moment, cuts: u64) -> Result<u64, String> {
    let call = moment.call().number;
    let bounds = Bounds { model: &run.model, least: run.promised_at(call), most: run.begun_at(call) };
    let seed = run.workload.seed ^ call << 20;
    let mut tried = 1;
    let dead = Bounds { least: run.written_at(call), ..bounds };
    let killed = survives(&moment.kill(), &dead, &mut Rng::new(seed));
    killed.map_err(|what| format!("after {}, killed: {what}", moment.call()))?;
    for fates in cuts_after(moment, cuts, seed) {
        let mut dice = Rng::new(seed ^ tried);
        let lived = survives(&moment.crash(&fates), &bounds, &mut dice);
        lived.map_err(|what| format!("after {}, cut {tried} {fates:?}: {what}", moment.call()))?;
        tried += 1;
    }
    Ok(tried)
}
