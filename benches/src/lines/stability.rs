//! Line 9, `stability`: does a simulation whose state lives in pages stay where mathematics says it must?
//!
//! A ring of cells, cut into pages, diffuses and is damped; the next state of each page is derived from the page and its
//! neighbours, so every step is a recompute, and a tick takes the computed pages over. In every tick a random cell gets a
//! small shock; in every fourth window all cells get one, of one sign, which is the worst there is. A step shrinks any difference by the damping at least: so a run with shocks stays within their size over
//! the damping of one without.
//!
//! Ticks go in windows. In each, a branch of the state it began with goes the same number of ticks without shocks; the
//! difference must stay in that bound, and every cell a number. Every tenth window is rewound and made once more: the same
//! trajectory, tick by tick. At last the log is replayed, and must show the same.

mod ring;

use anyhow::{Result, ensure};

use self::ring::{BOUND, Ring};
use crate::{Context, Line, Outcome, Sample, Unit};

inventory::submit! {
    Line {
        name: "stability",
        number: Some(9),
        question: "does a simulation in pages stay stable under shocks?",
        faults: &["large-shocks", "not-a-number", "other-shock"],
        run,
    }
}

/// Windows, and ticks in each.
const SIZES: [(usize, usize); 3] = [(1000, 1000), (20, 100), (10, 20)];
/// Every so many windows, all cells get shocks.
const HARD: usize = 4;
/// Every so many windows, one is rewound.
const REWOUND: usize = 10;

fn run(context: &mut Context) -> Result<Outcome> {
    let (windows, ticks) = context.size().pick(SIZES);
    let scratch = context.scratch()?;
    let mut ring = Ring::new(&scratch.path().join("ring"), context.random())?;
    let (mut nanos, mut worst) = (Vec::new(), 0.0_f32);
    for window in 0..windows {
        context.say(format!("stability: window {window} of {windows}"));
        let (start, mut shocks) = (ring.start()?, ring.shocks(ticks, window % HARD == 1));
        shocks[ticks / 2].1 *= match context.fault() {
            Some("large-shocks") => 100.0,
            Some("not-a-number") => f32::NAN,
            _ => 1.0,
        };
        let (took, trajectory) = ring.go(&shocks)?;
        nanos.push(took.as_secs_f64() * 1e9 / ticks as f64);
        let error = ring.error_against_calm(&start, &trajectory)?;
        ensure!(error <= BOUND, "window {window}: an error of {error}, beyond {BOUND}");
        worst = worst.max(error);
        if window % REWOUND == 0 {
            shocks[0].1 *= if context.has_fault("other-shock") { 0.5 } else { 1.0 };
            ring.must_repeat(&start, &shocks, &trajectory)?;
        }
    }
    ring.must_replay()?;
    let mut outcome = Outcome::default();
    outcome.figure("a tick", Unit::Nanoseconds, Sample::of(nanos)?);
    outcome.note(format!("{} ticks: error {worst:.5} at most, bound {BOUND:.5}", windows * ticks));
    Ok(outcome)
}
