//! Fuzzing: bytes that were right, changed a little, their checksums put right again so that they get past those.
//!
//! [`TARGETS`] is the door for more: seeds, a way to put checksums right, and what must hold of any bytes.

mod bytes;
mod operations;
mod targets;

use mmsb_types::plant::{Fault, is_planted};

use self::bytes::mutate;
pub use self::targets::TARGETS;
use crate::{
    Rng,
    torture::{Tally, Task, pool},
};

/// Executions of one case.
const EXECUTIONS: u64 = 250;

/// Something that reads bytes of unknown origin.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Cases out of a thousand.
    pub share: u64,
    /// Makes bytes that are right, by a seed.
    pub seeds: fn(u64) -> Vec<Vec<u8>>,
    /// Puts the checksums right.
    pub fix: fn(&mut [u8]),
    /// Reads them.
    ///
    /// # Errors
    /// What does not hold; refusing the bytes is well.
    pub read: fn(&[u8]) -> Result<(), String>,
}

pub(super) fn run(task: &Task) -> Tally {
    let seeds: Vec<Vec<Vec<u8>>> = TARGETS.iter().map(|target| (target.seeds)(task.seed)).collect();
    let mut tally = pool::each("fuzz", task, task.cases.div_ceil(EXECUTIONS), |case| {
        let mut dice = Rng::new(task.seed ^ case << 12);
        let (mut ticket, mut chosen) = (case.wrapping_mul(7919) % 1000, 0);
        while chosen < TARGETS.len() && ticket >= TARGETS[chosen].share {
            ticket -= TARGETS[chosen].share;
            chosen += 1;
        }
        match TARGETS.get(chosen) {
            None => operations::run(dice.any(), EXECUTIONS),
            Some(target) => hammer(target, &seeds[chosen], &mut dice),
        }
    });
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).chain(["operations"]).collect();
    tally.notes.push(format!("targets: {}", names.join(", ")));
    tally
}

fn hammer(target: &Target, seeds: &[Vec<u8>], dice: &mut Rng) -> Result<u64, String> {
    for execution in 0..EXECUTIONS {
        let mut bytes = dice.pick(seeds);
        mutate(&mut bytes, seeds, dice);
        if dice.once_in(2) || is_planted(Fault::SkipChecksum) {
            (target.fix)(&mut bytes);
        }
        let read = (target.read)(&bytes);
        read.map_err(|what| format!("{}, execution {execution}: {what}: {}", target.name, hex(&bytes)))?;
    }
    Ok(EXECUTIONS)
}

/// The first bytes, to begin looking with; the seed makes all of them again.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(96).map(|byte| format!("{byte:02x}")).collect()
}
