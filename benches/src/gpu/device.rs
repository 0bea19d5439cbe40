//! Rows of a device: each kernel against a copy from buffer to buffer in the same repeat, word ops, mirrors in step.

use std::time::Duration;

use anyhow::{Result, ensure};
use mmsb_gpu::{About, Device, Dispatch, GpuError, GpuOps, Host, Kernel, Program, Took};

use super::{
    PAGE_BYTES,
    fields::{Fields, Shape, agree},
    sync,
    work::{ALL, Work},
};
use crate::{
    BarKind::{Goal, Must},
    Context,
    Op::AtLeast,
    Outcome, Random, Sample, Unit,
};

/// Who opens a device: given the bytes of a slab and of all together.
pub type Open = fn(u64, u64) -> Result<GpuOps, GpuError>;

/// Adds the rows.
///
/// # Errors
/// There is no device, or it does not do what the host does.
pub fn rows(context: &Context, outcome: &mut Outcome, open: Open) -> Result<()> {
    let about = open(1 << 20, 1 << 20)?.engine().about().clone();
    outcome.note(described(&about));
    for page_bytes in PAGE_BYTES {
        let shape = Shape { field_bytes: field_bytes(context, &about), page_bytes };
        let slab_bytes = u64::from(shape.slab_words()) * 4;
        let device = open(slab_bytes, slab_bytes)?.into_engine();
        kernels(context, outcome, device, shape)?;
    }
    sync::rows(context, outcome, open, &about)
}

fn described(about: &About) -> String {
    let kind = if about.is_software { "a driver in software: no figure of a GPU" } else { "a GPU" };
    let clock = if about.has_clock { "its own clock" } else { "the host's clock" };
    format!("device `{}`, driver `{}`, {kind}; timed by {clock}", about.name, about.driver.trim())
}

/// Bytes of a field: several times what caches of a GPU hold.
const fn field_bytes(context: &Context, about: &About) -> u32 {
    match (about.is_software, context.quick()) {
        (true, true) => 4 << 20,
        (true, false) => 32 << 20,
        (false, _) => 256 << 20,
    }
}

fn kernels(context: &Context, outcome: &mut Outcome, device: Device, shape: Shape) -> Result<()> {
    let (mut random, mut again) = (context.random(), context.random());
    let goals_apply = !device.about().is_software;
    let mut device = Fields::new(device, shape, &mut random)?;
    let mut host = Fields::new(Host::default(), shape, &mut again)?;
    for make in ALL {
        let work = make(shape, &mut random);
        context.say(format!("gpu: {}, {} B", work.name, shape.page_bytes));
        agree(work.name, &work.program, &mut device, &mut host)?;
        let goal = work.goals[usize::from(shape.page_bytes == PAGE_BYTES[1])];
        let title = format!("{}, {} KiB", work.name, shape.page_bytes >> 10);
        ratio(context, outcome, &mut device, &work, &title)?;
        if goals_apply && goal > 0.0 {
            outcome.bar(Goal, AtLeast, goal);
        }
    }
    // Word ops know no pages.
    if shape.page_bytes == PAGE_BYTES[0] {
        word_ops(context, outcome, &mut device, &mut host)
    } else {
        Ok(())
    }
}

/// Adds a kernel's speed and, last, its ratio to a copy.
fn ratio(
    context: &Context,
    outcome: &mut Outcome,
    device: &mut Fields<Device>,
    work: &Work,
    title: &str,
) -> Result<()> {
    let rounds = rounds(device);
    let copied_bytes = 2.0 * f64::from(device.shape.field_bytes);
    let (mut speeds, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..context.repeats() {
        let copy = device.engine.time_copy(device.shape.field_bytes.into(), rounds)?;
        let took = device.engine.time(&work.program, rounds)?;
        let speed = work.floor_bytes / seconds(took, rounds)?;
        speeds.push(speed / 1e9);
        ratios.push(speed / (copied_bytes / seconds(copy, rounds)?));
    }
    outcome.figure(title, Unit::GigabytesPerSecond, Sample::of(speeds)?);
    if work.name == "delta_merge" && !device.engine.about().is_software {
        // The layer suite's bar for a device.
        outcome.bar(Must, AtLeast, 10.0);
    }
    outcome.figure(format!("{title}, to a copy"), Unit::Times, Sample::of(ratios)?);
    Ok(())
}

/// Word ops that come by rising word, in any order, and crowded together; the second field is what they change.
fn word_ops(
    context: &Context,
    outcome: &mut Outcome,
    device: &mut Fields<Device>,
    host: &mut Fields<Host>,
) -> Result<()> {
    let goals_apply = !device.engine.about().is_software;
    let field_words = device.shape.field_bytes / 4;
    let (count, hot) = (field_words / 8, (field_words / 8).min(1 << 16));
    for (name, count, step, is_mixed) in
        [("sorted", count, 8, false), ("uniform", count, 8, true), ("hot", hot, 1, true)]
    {
        let mut random = context.random();
        let work = ops(&mut random, field_words, count, step, is_mixed);
        context.say(format!("gpu: word ops, {name}"));
        agree("sparse_delta_apply", &work.program, device, host)?;
        let title = format!("word ops, {name}");
        ratio(context, outcome, device, &work, &title)?;
        if goals_apply && name == "sorted" {
            outcome.bar(Goal, AtLeast, 0.7);
        }
        let rounds = rounds(device);
        let speeds = (0..context.repeats()).map(|_| {
            Ok(f64::from(count) / seconds(device.engine.time(&work.program, rounds)?, rounds)? / 1e6)
        });
        let speeds = speeds.collect::<Result<_>>()?;
        outcome.figure(format!("{title}, ops"), Unit::MillionsPerSecond, Sample::of(speeds)?);
        if goals_apply && name == "uniform" {
            outcome.bar(Goal, AtLeast, 30_000.0);
        }
    }
    Ok(())
}

/// Makes ops of words that are apart, one in each `step`, from the second field's first word on.
fn ops(random: &mut Random, first: u32, count: u32, step: u32, is_mixed: bool) -> Work {
    let mut ops: Vec<[u32; 2]> = (0..count)
        .map(|index| {
            let word = first + index * step + random.below(step as usize) as u32;
            [word | ((1 + random.below(15) as u32) << 28), random.next_u64() as u32]
        })
        .collect();
    let mut sectors: Vec<u32> = ops.iter().map(|op| (op[0] & 0x0fff_ffff) / 8).collect();
    sectors.dedup();
    if is_mixed {
        (1..ops.len()).rev().for_each(|index| ops.swap(index, random.below(index + 1)));
    }
    let dispatch = Dispatch { kernel: Kernel::SparseDeltaApply, target: 0, source: 0, first: 0, count };
    let program = Program { words: ops.concat(), dispatches: vec![dispatch], ..Program::default() };
    let floor_bytes = 8.0 * f64::from(count) + 64.0 * sectors.len() as f64;
    Work { name: "sparse_delta_apply", program, floor_bytes, goals: [0.0; 2] }
}

/// How often something is done between two marks of time: on a GPU long enough for its clock.
const fn rounds(device: &Fields<Device>) -> u32 {
    if device.engine.about().is_software { 1 } else { 8 }
}

/// Returns what one round took, in seconds: by the device's clock, which must not have gone longer than the host's.
fn seconds(took: Took, rounds: u32) -> Result<f64> {
    let by_device: Duration = took.device.unwrap_or(took.host);
    ensure!(by_device <= took.host, "the device's clock says {by_device:?}, the host's {:?}", took.host);
    Ok(by_device.as_secs_f64() / f64::from(rounds))
}
