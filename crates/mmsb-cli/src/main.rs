//! The `mmsb` command: arguments in, tables or JSON out, and an exit code that scripts can trust.
//!
//! Invariant: 0 is the same (or simply done), 1 differs, 2 is an error or damage; an error is one line
//! on stderr that names its whole chain of causes.

#![forbid(unsafe_code)]

mod args;
mod cmd;
mod progress;
mod render;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;

use crate::{
    args::Args,
    cmd::Outcome,
    render::{Out, unless_gone},
};

fn main() -> ExitCode {
    let args = Args::parse();
    let mut out = Out::stdout();
    let ended = cmd::run(args.command, &mut out).and_then(|outcome| {
        unless_gone(out.flush())?;
        Ok(outcome)
    });
    exit_code(ended)
}

fn exit_code(ended: anyhow::Result<Outcome>) -> ExitCode {
    match ended {
        Ok(outcome) => outcome.into(),
        // Whoever reads the output has seen enough: the command ends there, and that is no error.
        Err(error) if is_broken_pipe(&error) => Outcome::Same.into(),
        Err(error) => {
            // Where nobody can be told, the exit code still tells.
            let _ = writeln!(io::stderr(), "mmsb: {error:#}");
            Outcome::Failed.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().filter_map(|cause| cause.downcast_ref()).any(broken)
}
