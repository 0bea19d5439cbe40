//! Runs the lines one after the other, prints what became of each, and stores or compares the run.
//!
//! Invariant: true is returned only if every line that ran has passed, and at least one ran.

use std::{
    fs,
    io::{IsTerminal, Write, stderr},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::SystemTime,
};

use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    BaselineAction, Context, Line, Machine, Options, Outcome, Record, Size, baseline, child, html,
    machine::workspace, pin::panicked, report::Judged, waves::peers,
};

/// Runs the lines that the options choose and writes the report to `out`; tells whether all passed.
///
/// # Errors
/// On wrong use: an unknown line, no baseline to compare with, a file that cannot be written.
pub fn run(lines: &[&Line], options: &Options, out: &mut dyn Write) -> Result<bool> {
    if let Some(name) = &options.child {
        return child::run(name, &mut context(options, ProgressBar::hidden()), out).map(|()| true);
    }
    // They are in another program, which `cargo xtask bench` builds if asked for them.
    ensure!(
        !options.peers || !peers().is_empty(),
        "this runner has no peers: start it by `cargo xtask bench --peers`"
    );
    let chosen = options.select(lines)?;
    options.check_fault(&chosen)?;
    if options.list {
        return list(&chosen, out).map(|()| true);
    }
    run_all(&chosen, options, out)
}

fn run_all(lines: &[&Line], options: &Options, out: &mut dyn Write) -> Result<bool> {
    let machine = Machine::here();
    let folder = options.baselines.clone().unwrap_or_else(|| workspace().join("benches/baselines"));
    // What cannot be compared is better refused before the run than after it.
    let compares = matches!(options.baseline, Some(BaselineAction::Compare));
    let quick = options.size() != Size::Full;
    let then = compares.then(|| baseline::load(&folder, &machine, quick)).transpose()?;
    if machine.profile != "release" {
        writeln!(out, "built as {}: figures mean nothing", machine.profile)?;
    }
    let (now, passed) = measure(lines, options, machine, out)?;
    keep(&now, options, &folder, out)?;
    for change in then.map(|then| baseline::compare(&then, &now)).transpose()?.into_iter().flatten() {
        writeln!(out, "{change}")?;
    }
    Ok(passed)
}

/// Writes the run where the options want it.
fn keep(now: &Record, options: &Options, folder: &Path, out: &mut dyn Write) -> Result<()> {
    if let Some(path) = &options.json {
        now.write(path)?;
    }
    if let Some(path) = &options.html {
        let page = html::page(now, &baseline::history(folder, &now.machine)?);
        fs::write(path, page).with_context(|| format!("writing {}", path.display()))?;
    }
    if options.baseline == Some(BaselineAction::Save) {
        writeln!(out, "baseline: {}", baseline::save(folder, now)?.display())?;
    }
    Ok(())
}

fn context(options: &Options, progress: ProgressBar) -> Context {
    let folder = options.dir.clone().unwrap_or_else(|| workspace().join("target/bench"));
    let context = Context::new(options.size(), folder, progress);
    context.with_lenience(options.smoke).with_fault(options.fault.clone())
}

fn list(lines: &[&Line], out: &mut dyn Write) -> Result<()> {
    for line in lines {
        let number = line.number.map(|number| number.to_string()).unwrap_or_default();
        writeln!(out, "{number:>3} {:<12} {}", line.name, line.question)?;
    }
    Ok(())
}

fn measure(
    lines: &[&Line],
    options: &Options,
    machine: Machine,
    out: &mut dyn Write,
) -> Result<(Record, bool)> {
    let progress = progress(lines.len() as u64);
    let mut context = context(options, progress.clone());
    let mut records = Vec::new();
    for line in lines {
        context.say(line.name);
        let judged = Judged::new(line, guarded(line, &mut context), options.smoke, &mut context);
        progress.suspend(|| write!(out, "{}", judged.text()))?;
        progress.inc(1);
        records.push(judged.record());
    }
    progress.finish_and_clear();
    let quick = context.quick();
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let record =
        Record { machine, seconds, quick, limits: context.limits().cloned().collect(), lines: records };
    let passed = conclude(&record, out)?;
    Ok((record, passed))
}

/// Tells the limits and the result; returns whether all lines passed.
fn conclude(record: &Record, out: &mut dyn Write) -> Result<bool> {
    record.limits.iter().try_for_each(|limit| {
        writeln!(out, "  limit: {} {:.2} {}", limit.name, limit.sample.median, limit.unit.sign())
    })?;
    let (passes, count) = record.passes();
    let passed = passes == count && passes > 0;
    let verdict = if passed { "PASS" } else { "FAIL" };
    writeln!(out, "Result: {passes}/{count} {verdict}")?;
    Ok(passed)
}

/// A panic inside a line is that line's failure; the others still run.
fn guarded(line: &Line, context: &mut Context) -> Result<Outcome> {
    catch_unwind(AssertUnwindSafe(|| (line.run)(context))).unwrap_or_else(|cause| Err(panicked(&*cause)))
}

fn progress(count: u64) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}");
    style.map_or_else(|_| ProgressBar::new(count), |style| ProgressBar::new(count).with_style(style))
}
