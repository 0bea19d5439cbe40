//! Determinism: any state of any log comes out the same, however many threads ask for it, and as the model says;
//! states of earlier builds have the hashes that they always had.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    sync::Arc,
    thread::scope,
};

use mmsb::{Bus, Epoch, Error};

use super::crash::record;
use crate::{
    Model, Rng,
    earlier::check_hashes,
    torture::{
        Tally, Task,
        oracle::told,
        pool,
        workload::{PATH, Workload, builder},
    },
};

const THREADS: [usize; 3] = [1, 2, 8];
/// States that are asked for in each log.
const STATES: usize = 6;

pub(super) fn run(task: &Task) -> Tally {
    pool::each("determinism", task, task.cases, |case| {
        if case == 0 {
            THREADS.into_iter().try_for_each(check_hashes)?;
        }
        let seed = task.seed ^ case << 24;
        let run = record(Workload { seed, operations: 40 + case % 160, stops: case % 3 != 0 })?;
        let bus = builder(seed).read_on(Arc::new(run.disk.copy()), Path::new(PATH));
        let bus = bus.map_err(|error| told("opening", &error))?;
        let mut dice = Rng::new(seed);
        for _ in 0..STATES {
            let epoch = Epoch::new(dice.below(bus.epoch().get() as usize + 1) as u64);
            let expected = hash_of_model(&run.model, epoch);
            for threads in THREADS {
                for hash in ask(&bus, epoch, threads) {
                    match hash {
                        Ok(hash) if hash == expected => {}
                        Err(Error::HistoryGone { oldest, .. }) if epoch < oldest => {}
                        Ok(_) => return Err(format!("{epoch} on {threads} threads is another state")),
                        Err(error) => return Err(told("a state of the past", &error)),
                    }
                }
            }
        }
        Ok(1)
    })
}

/// Asks for a state on so many threads at once.
fn ask(bus: &Bus, epoch: Epoch, threads: usize) -> Vec<Result<u64, Error>> {
    let one = || {
        let past = bus.at(epoch)?;
        let mut hasher = DefaultHasher::new();
        for info in past.pages() {
            (info.page, info.epoch, info.name.as_deref(), past.bytes(info.page)?).hash(&mut hasher);
        }
        Ok(hasher.finish())
    };
    scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread that asks")).collect()
    })
}

fn hash_of_model(model: &Model, epoch: Epoch) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (page, state) in &model.state(epoch).pages {
        (page, state.epoch, state.name.as_deref(), &**state.bytes).hash(&mut hasher);
    }
    hasher.finish()
}
