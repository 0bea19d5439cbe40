//! The commands, one file each.
//!
//! Invariant: whatever reads a bus opens it read-only; what changes one goes through [`open_to_change`], but for
//! `recover`, which changes what any opening does.

pub mod at;
pub mod checkpoint;
pub mod compact;
pub mod completions;
pub mod demo;
pub mod diff;
pub mod export;
pub mod graph;
pub mod history;
pub mod import;
pub mod info;
pub mod log;
pub mod recover;
pub mod replay;
pub mod serve;
pub mod stats;
pub mod tag;
pub mod verify;
pub mod why;

mod watched;

use std::{path::Path, process::ExitCode};

use mmsb::{Builder, Bus, CheckpointEvery};

use crate::{args::Command, render::Out};

/// How a command ended; the numbers are the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// Done, or compared and found equal.
    Same = 0,
    /// Compared and found different.
    Differs = 1,
    /// Damage was found, or a check failed.
    Failed = 2,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}

/// Opens a bus for writing; it does nothing by itself.
fn open_to_change(path: &Path) -> Result<Bus, mmsb::Error> {
    changer().open(path)
}

/// Returns what builds a bus that does nothing by itself.
fn changer() -> Builder {
    Bus::builder().checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None)
}

/// Runs a command.
pub fn run(command: Command, out: &mut Out) -> anyhow::Result<Outcome> {
    match command {
        Command::Demo(args) => demo::run(&args, out),
        Command::Import { from: import::Source::Sqlite(args) } => import::run(&args, out),
        Command::Export { to: export::Target::Sqlite(args) } => export::run(&args, out),
        Command::Info(args) => info::run(&args, out),
        Command::Log(args) => log::run(&args, out),
        Command::At(args) => at::run(&args, out),
        Command::History(args) => history::run(&args, out),
        Command::Diff(args) => diff::run(&args, out),
        Command::Graph(args) => graph::run(&args, out),
        Command::Why(args) => why::run(&args, out),
        Command::Verify(args) => verify::run(&args, out),
        Command::Recover(args) => recover::run(&args, out),
        Command::Replay(args) => replay::run(&args, out),
        Command::Checkpoint(args) => checkpoint::run(&args, out),
        Command::Compact(args) => compact::run(&args, out),
        Command::Tag(args) => tag::run(&args, out),
        Command::Stats(args) => stats::run(&args, out),
        Command::Serve(args) => serve::run(&args, out),
        Command::Completions(args) => completions::run(&args, out),
    }
}
