//! Measurements of a process's memory, each made in a process of its own: what earlier lines left behind in
//! this one would be counted, too.
//!
//! The program starts itself again with the hidden option `--child NAME`; the child prints its outcome as JSON.
//!
//! Invariant: a child that fails, or prints anything but an outcome, is a failure of the line that asked.

use std::{env, io::Write, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::{Context, Outcome, Size};

/// A measurement for a process of its own. A file under `lines/` submits it with `inventory::submit!`.
#[derive(Debug)]
pub struct Child {
    /// What `--child` calls it.
    pub name: &'static str,
    /// Measures.
    pub run: fn(&mut Context) -> Result<Outcome>,
}

inventory::collect!(Child);

/// Has a new process of this program measure, and returns what it found.
///
/// # Errors
/// If it cannot be started, or fails.
pub fn measure(context: &Context, name: &str) -> Result<Outcome> {
    measure_by(&env::current_exe().context("finding this program")?, context, name)
}

/// As [`measure`], by another copy of the program.
///
/// # Errors
/// As [`measure`].
pub fn measure_by(program: &Path, context: &Context, name: &str) -> Result<Outcome> {
    context.say(name);
    let mut command = Command::new(program);
    command.args(["--child", name, "--dir"]).arg(context.folder());
    command.args(context.quick().then_some("--quick"));
    command.args((context.size() == Size::Tiny).then_some("--tiny"));
    command.args(context.fault().map(|fault| format!("--fault={fault}")));
    command.args(context.lenient().then_some("--smoke"));
    let output = command.output().with_context(|| format!("starting {}", program.display()))?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{name}` in its own process: {}: {}", output.status, told.trim());
    serde_json::from_slice(&output.stdout).with_context(|| format!("reading what `{name}` printed"))
}

/// The child's side: measures, and prints the outcome.
pub(crate) fn run(name: &str, context: &mut Context, out: &mut dyn Write) -> Result<()> {
    let child = inventory::iter::<Child>.into_iter().find(|child| child.name == name);
    let outcome = (child.with_context(|| format!("no child is called `{name}`"))?.run)(context)?;
    serde_json::to_writer(out, &outcome)?;
    Ok(())
}
