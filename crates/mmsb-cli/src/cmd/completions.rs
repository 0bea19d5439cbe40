//! `mmsb completions`: a script that lets the shell complete this command.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Outcome;
use crate::render::Out;

/// Prints a completion script for a shell.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell that is to complete.
    shell: Shell,
}

/// Runs the command.
pub fn run(args: &Args, out: &mut Out) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::args::Args::command(), "mmsb", &mut script);
    out.bytes(&script)?;
    Ok(Outcome::Same)
}
