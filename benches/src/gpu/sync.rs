//! Rows of mirrors that follow commits: what a commit costs from its submission until it is done, and whether that
//! grows with what is mirrored.

use anyhow::Result;
use mmsb_gpu::{About, Coalescer, GpuOps, PageOps};

use super::{
    coalesce::{Deltas, Order},
    device::Open,
};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::AtMost,
    Outcome, Sample, Unit,
    clock::Stopwatch,
};

/// Pages mirrored, of 4 KiB: 16, 64 and 128 MiB; on a GPU 64 times as many.
const PAGES: [usize; 3] = [4096, 16_384, 32_768];
const GPU_FACTOR: usize = 64;
/// Deltas of a commit that is timed against mirrors of each size, and of the one that has a goal.
const DELTAS: [usize; 2] = [100, 1000];
/// Commits behind each repeat, which is their median.
const COMMITS: usize = 51;

/// A device with mirrors of so many pages, and a commit's deltas.
struct Mirrors {
    ops: GpuOps,
    deltas: [Deltas; 2],
    mebibytes: usize,
}

/// Adds the rows.
pub(super) fn rows(context: &Context, outcome: &mut Outcome, open: Open, about: &About) -> Result<()> {
    let sizes = if context.quick() { &PAGES[..2] } else { &PAGES[..] };
    let factor = if about.is_software { 1 } else { GPU_FACTOR };
    let mirrors = sizes.iter().map(|pages| Mirrors::new(context, open, pages * factor));
    let mut mirrors: Vec<Mirrors> = mirrors.collect::<Result<_>>()?;
    // Sizes take turns, so that what else the machine does meets all of them.
    let mut times = vec![Vec::new(); mirrors.len()];
    for _ in 0..context.repeats() {
        for (mirrors, times) in mirrors.iter_mut().zip(&mut times) {
            times.push(mirrors.commits(0)?);
        }
    }
    for (mirrors, times) in mirrors.iter().zip(&times) {
        let title = format!("100 deltas, {} MiB mirrored", mirrors.mebibytes);
        outcome.figure(title, Unit::Microseconds, Sample::of(times.clone())?);
    }
    for (mirrors, large) in mirrors.iter().zip(&times).skip(1) {
        let ratios = times[0].iter().zip(large).map(|(small, large)| large / small).collect();
        let title = format!("100 deltas, {} MiB to the least", mirrors.mebibytes);
        outcome.figure(title, Unit::Limits, Sample::of(ratios)?).bar(Must, AtMost, 1.5);
        if !about.is_software {
            outcome.bar(Goal, AtMost, 1.1);
        }
    }
    thousand(context, outcome, &mut mirrors[1], about)
}

fn thousand(context: &Context, outcome: &mut Outcome, mirrors: &mut Mirrors, about: &About) -> Result<()> {
    let times = (0..context.repeats()).map(|_| mirrors.commits(1)).collect::<Result<_>>()?;
    let [few, many] = &mirrors.deltas;
    few.verify(Some(many), &mut mirrors.ops)?;
    outcome.figure("1000 deltas, submitted to done", Unit::Microseconds, Sample::of(times)?);
    if !about.is_software {
        outcome.bar(Goal, AtMost, 60.0);
    }
    Ok(())
}

impl Mirrors {
    fn new(context: &Context, open: Open, pages: usize) -> Result<Self> {
        context.say(format!("gpu: {pages} mirrors"));
        let bytes = (pages * 4096) as u64;
        let mut ops = open(bytes.min(1 << 30), bytes)?;
        let few = Deltas::new(&mut ops, context.random(), Order::Uniform, pages, (DELTAS[0], 8))?;
        let many = few.others(context.random(), DELTAS[1]);
        let mut mirrors = Self { ops, deltas: [few, many], mebibytes: pages >> 8 };
        mirrors.commits(0)?;
        mirrors.deltas[0].verify(None, &mut mirrors.ops)?;
        Ok(mirrors)
    }

    /// Commits the same deltas again and again, each plan made anew beside the clock; returns the median time from
    /// handing a plan over until the device is done with it, in microseconds.
    fn commits(&mut self, which: usize) -> Result<f64> {
        let (deltas, mut coalescer) = (&self.deltas[which], Coalescer::default());
        let mut times = Vec::with_capacity(COMMITS);
        for _ in 0..COMMITS {
            let plan =
                coalescer.plan(self.ops.slabs(), &[deltas.batch.view()], |page| deltas.mirror(page))?;
            let watch = Stopwatch::start();
            self.ops.apply(plan)?;
            self.ops.wait()?;
            times.push(watch.elapsed().as_secs_f64() * 1e6);
        }
        times.sort_unstable_by(f64::total_cmp);
        Ok(times[COMMITS / 2])
    }
}
