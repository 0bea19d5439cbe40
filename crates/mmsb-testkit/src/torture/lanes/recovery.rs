//! Power cuts inside recovery, and recovery from those.

mod lines;

use mmsb::vfs::faulty::Moment;

use super::crash::{cuts_after, record};
use crate::{
    Rng,
    torture::{
        Tally, Task,
        oracle::{Bounds, recover, survives},
        pool,
        workload::{Run, Workload},
    },
};

/// Transactions and the like in one workload.
const OPERATIONS: u64 = 300;
/// One power cut of so many is one of the shortest commits, whose torn tails fit in best.
const LINES_SHARE: u64 = 4;
/// How many of these one case makes, about.
const LINES_EACH: u64 = 400;
/// Power cuts after each change that a recovery makes.
const CUTS_MAX: u64 = 6;

pub(super) fn run(task: &Task) -> Tally {
    let lines = task.cases / LINES_SHARE;
    let mut tally =
        pool::each("recovery", task, lines.div_ceil(LINES_EACH), |case| lines::run(task.seed ^ case << 16));
    let mut seed = task.seed;
    while tally.tried < task.cases && tally.failures.is_empty() {
        match record(Workload { seed, operations: OPERATIONS, stops: false }) {
            Ok(run) => {
                let left = task.cases - tally.tried;
                let one = |case: u64| recover_after(&run, &run.moments[case as usize]);
                let cases = (run.moments.len() as u64).min(left / 4 + 1);
                let more = pool::each("recovery", &Task { seed, ..*task }, cases, one);
                tally.tried += more.tried;
                tally.failures.extend(more.failures);
            }
            Err(what) => tally.failures.push(format!("MMSB_SEED={seed}: {what}")),
        }
        seed = seed.wrapping_add(1);
    }
    tally
}

/// Cuts the power, recovers, and cuts it again after each change that the recovery made.
fn recover_after(run: &Run, moment: &Moment) -> Result<u64, String> {
    let call = moment.call().number;
    let seed = run.workload.seed ^ call << 20;
    let bounds = Bounds { model: &run.model, least: run.promised_at(call), most: run.begun_at(call) };
    let Some(fates) = cuts_after(moment, 8, seed).last() else { return Ok(0) };
    let disk = moment.crash(&fates);
    disk.record();
    let place =
        |inner: &Moment| format!("after {}, cut {fates:?}, then after {}", moment.call(), inner.call());
    drop(recover(&disk, &bounds).map_err(|what| format!("after {}, cut {fates:?}: {what}", moment.call()))?);
    let mut tried = 0;
    for inner in disk.take_moments() {
        for again in cuts_after(&inner, CUTS_MAX, seed) {
            let mut dice = Rng::new(seed ^ tried);
            let lived = survives(&inner.crash(&again), &bounds, &mut dice);
            lived.map_err(|what| format!("{}, cut {again:?}: {what}", place(&inner)))?;
            tried += 1;
        }
    }
    Ok(tried)
}
