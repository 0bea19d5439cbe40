//! Row of a log alone: records of 16 changes, until the kernel has them.
//!
//! Every change of every repeat is read back and compared.

use anyhow::{Result, ensure};
use benches::{Context, Outcome, clock::Stopwatch, pages::Change};

use super::contest::{Turn, contest};
use crate::work::{Mode, Records, Work, contenders};

const COUNT: usize = 16;
const CHANGES: [usize; 3] = [1 << 19, 1 << 17, 1 << 12];
const PAGES: usize = 1_000_000;

/// Adds the row.
pub fn row(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let folder = context.scratch()?;
    let changes = Change::many(&mut context.random(), context.size().pick(CHANGES), PAGES);
    let all = contenders(|work| if let Work::Log(open) = work { Some(*open) } else { None });
    let open = all.into_iter().map(|(name, open)| Ok((name, open(folder.path(), Mode::Buffered)?)));
    let mut logs: Vec<(_, Box<dyn Records>)> = open.collect::<Result<_>>()?;
    let turns =
        logs.iter_mut().map(|(name, log)| (*name, Box::new(|| append(&mut **log, &changes)) as Turn<'_>));
    let turns = turns.collect();
    contest(context, outcome, &format!("log, a change, n = {COUNT}"), turns)?;
    outcome.note("log: okaywal syncs every entry; of the stores, LMDB alone takes part");
    logs.iter_mut().try_for_each(|(name, log)| verify(name, &mut **log, &changes, context.repeats() + 1))
}

/// Reads everything back: the changes, so many times over, and nothing else.
fn verify(name: &str, log: &mut dyn Records, changes: &[Change], times: usize) -> Result<()> {
    let mut due = std::iter::repeat_n(changes, times).flatten();
    log.read_back(&mut |change| {
        ensure!(due.next() == Some(&change), "{name}: a change of {} came back that is not due", change.page);
        Ok(())
    })?;
    ensure!(due.next().is_none(), "{name}: the last changes did not come back");
    Ok(())
}

fn append(log: &mut dyn Records, changes: &[Change]) -> Result<f64> {
    let watch = Stopwatch::start();
    log.append_all(changes, COUNT)?;
    Ok(watch.elapsed().as_secs_f64() / changes.len() as f64)
}
