//! One row: everybody in turns, and who wins.

use anyhow::{Context as _, Result, ensure};
use benches::{BarKind::Goal, Context, Op::AtLeast, Outcome, Sample, Unit};

use crate::work::OURS;

/// What one repeat took, in seconds for each item.
pub type Turn<'w> = Box<dyn FnMut() -> Result<f64> + 'w>;

/// Lets everybody have his turn in each repeat, MMSB first; reports times and ratios.
pub fn contest(
    context: &Context,
    outcome: &mut Outcome,
    name: &str,
    mut turns: Vec<(&'static str, Turn<'_>)>,
) -> Result<()> {
    ensure!(turns.first().is_some_and(|(first, _)| *first == OURS), "{name}: nobody to compare with");
    let mut times = vec![Vec::new(); turns.len()];
    // The first repeat finds cold caches.
    for repeat in 0..=context.repeats() {
        for ((who, turn), times) in turns.iter_mut().zip(&mut times) {
            context.say(format!("peers: {name}, {who}"));
            let took = turn().with_context(|| format!("{name}, {who}"))?;
            if repeat > 0 {
                times.push(took * 1e9);
            }
        }
    }
    let names: Vec<_> = turns.iter().map(|(who, _)| *who).collect();
    report(outcome, name, &names, &times)
}

fn report(outcome: &mut Outcome, name: &str, names: &[&'static str], times: &[Vec<f64>]) -> Result<()> {
    let (ours, peers) = (&times[0], &times[1..]);
    outcome.figure(format!("{name}, {OURS}"), Unit::Nanoseconds, Sample::of(ours.clone())?);
    for (who, theirs) in names[1..].iter().zip(peers) {
        let ratios = theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours);
        outcome.figure(format!("{name}, {who} to {OURS}"), Unit::Times, Sample::of(ratios.collect())?);
        outcome.bar(Goal, AtLeast, 1.0);
    }
    let medians =
        times.iter().map(|times| Ok(Sample::of(times.clone())?.median)).collect::<Result<Vec<_>>>()?;
    outcome.note(ranking(name, names, &medians));
    Ok(())
}

/// Names everybody, the quickest first.
fn ranking(name: &str, names: &[&str], medians: &[f64]) -> String {
    let mut ranks: Vec<_> = names.iter().zip(medians).collect();
    ranks.sort_by(|a, b| a.1.total_cmp(b.1));
    let told: Vec<_> = ranks.iter().map(|(who, median)| format!("{who} {}", short(**median))).collect();
    format!("{name}: {}", told.join(", "))
}

fn short(nanos: f64) -> String {
    match nanos {
        ..1e4 => format!("{nanos:.0} ns"),
        ..1e7 => format!("{:.0} us", nanos / 1e3),
        _ => format!("{:.0} ms", nanos / 1e6),
    }
}
