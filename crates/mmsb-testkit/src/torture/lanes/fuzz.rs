//! Fuzzing: inputs of the corpus, and what a bus writes, changed a little and read by the targets of
//! [`fuzz`](crate::fuzz), on any toolchain and by a seed.
//!
//! Invariant: every case belongs to one target, by its share; it stays within the memory that its inputs may take.

use crate::{
    Rng,
    fuzz::{INPUT_BYTES_MAX, MEMORY_BYTES_MAX, TARGETS, Target, corpus, mutate},
    torture::{Tally, Task, pool},
};

/// Executions of one case.
const EXECUTIONS: u64 = 250;
/// What the shares of the targets add up to.
const SHARES: u64 = 1000;

pub(super) fn run(task: &Task) -> Tally {
    let inputs: Vec<Vec<Vec<u8>>> = TARGETS.iter().map(|target| inputs(target, task.seed)).collect();
    let counts: Vec<String> = TARGETS
        .iter()
        .zip(&inputs)
        .map(|(target, inputs)| format!("{} {}", target.name, inputs.len()))
        .collect();
    let cases = task.cases.div_ceil(EXECUTIONS);
    let mut tally = pool::each("fuzz", task, cases, |case| {
        let (target, chosen) = chosen(case);
        hammer(target, &inputs[chosen], task, &mut Rng::new(task.seed ^ case << 12))
    });
    tally.notes.push(format!("inputs to begin with: {}", counts.join(", ")));
    tally
}

/// The corpus, if it is there, and examples.
fn inputs(target: &Target, seed: u64) -> Vec<Vec<u8>> {
    let kept = corpus::read(target).unwrap_or_default().into_iter().map(|(_, input)| input);
    kept.chain((target.examples)(seed)).collect()
}

/// Deals the cases out, each target's over the whole run.
fn chosen(case: u64) -> (&'static Target, usize) {
    let mut ticket = case.wrapping_mul(7919) % SHARES;
    for (index, target) in TARGETS.iter().enumerate() {
        if ticket < target.share {
            return (target, index);
        }
        ticket -= target.share;
    }
    unreachable!("the shares add up to {SHARES}")
}

fn hammer(target: &Target, inputs: &[Vec<u8>], task: &Task, dice: &mut Rng) -> Result<u64, String> {
    let (start, peak) = ((task.memory.now)(), (task.memory.peak)());
    let bound = start + pool::WORKERS * (MEMORY_BYTES_MAX + INPUT_BYTES_MAX as u64);
    for execution in 0..EXECUTIONS {
        pool::beat();
        let mut bytes = dice.pick(inputs);
        mutate(&mut bytes, inputs, dice);
        let read = (target.read)(&bytes);
        let told = |what: &str| format!("{}, execution {execution}: {what}: {}", target.name, hex(&bytes));
        read.map_err(|what| told(&what))?;
        let new_peak = (task.memory.peak)();
        if new_peak > peak.max(bound) {
            return Err(told(&format!("{} bytes of memory were taken", new_peak - start)));
        }
    }
    Ok(EXECUTIONS)
}

/// The first bytes, to begin looking with; the seed makes all of them again.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(96).map(|byte| format!("{byte:02x}")).collect()
}

const _: () = {
    let (mut sum, mut index) = (0, 0);
    while index < TARGETS.len() {
        sum += TARGETS[index].share;
        index += 1;
    }
    assert!(sum == SHARES);
};
