//! Line 8, `invariants`: does everything hold, whatever is done?
//!
//! Cycles of random operations on a bus whose disk is memory: pages of mixed sizes come, go, are named, written,
//! captured and linked, alone and together; the bus is rewound, checkpointed and compacted; snapshots are held and
//! branches made. Each goes to a model, too. After every cycle all validators look at the bus, and nothing may be found;
//! a snapshot must be at its end what it was at its birth, a branch what its model says, and now and then the whole bus
//! with its past.

mod deeds;

use anyhow::{Result, ensure};

use self::deeds::Deeds;
use crate::{Context, Line, Outcome, REPEATS_MIN, Sample, Unit, clock::Stopwatch};

inventory::submit! {
    Line {
        name: "invariants",
        number: Some(8),
        question: "does everything hold, whatever is done?",
        faults: &["damaged-log", "unknown-write"],
        run,
    }
}

const CYCLES: [usize; 3] = [10_000, 1000, 100];

fn run(context: &mut Context) -> Result<Outcome> {
    let cycles = context.size().pick(CYCLES);
    let groups = REPEATS_MIN + 3;
    let mut deeds = Deeds::new(context.random().next_u64())?;
    let mut nanos = Vec::new();
    for group in 0..groups {
        context.say(format!("invariants: {group} of {groups}"));
        if group == groups / 2 {
            deeds.spoil(context)?;
        }
        let watch = Stopwatch::start();
        for cycle in 0..cycles / groups {
            deeds.cycle(group * cycles / groups + cycle)?;
            let found = deeds.bus.validate();
            ensure!(
                found.is_empty(),
                "cycle {cycle} of group {group}: {} violations: {}",
                found.len(),
                found[0]
            );
        }
        nanos.push(watch.elapsed().as_secs_f64() * 1e6 / (cycles / groups) as f64);
    }
    let mut outcome = Outcome::default();
    outcome.figure("a cycle with all validators", Unit::Microseconds, Sample::of(nanos)?);
    outcome.note(format!("{cycles} cycles, 0 violations; {}", deeds.tally()));
    Ok(outcome)
}
