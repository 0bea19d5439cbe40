//! What the command line may say. Each command's own arguments stand with the command.

mod page_ref;
mod range;
mod when;

use clap::{Parser, Subcommand};

use crate::cmd::{
    at, checkpoint, compact, completions, demo, diff, export, graph, history, import, info, log, recover,
    replay, serve, stats, tag, verify, why,
};

pub use self::{page_ref::PageRef, range::Range, when::When};

/// Shows, compares and verifies every state a program ever had.
///
/// A bus is a directory that holds a program's state as pages, and a log of every change. All commands
/// that read one change nothing and work beside a running program; `checkpoint`, `compact` and `tag` open it for
/// writing.
#[derive(Debug, Parser)]
#[command(name = "mmsb", version, arg_required_else_help = true, after_help = AFTER_HELP)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Where an EPOCH is asked for: 17 or e17 (the state after the 17th commit), label:K or commit:K (the last \
state labelled K), newest.
Where a PAGE is asked for: its name, or page:ID.
Exit codes: 0 same or done, 1 differs, 2 error or damage. NO_COLOR turns colours off.
--json prints one object a line; `mmsb COMMAND --help` lists its keys.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    Demo(demo::Args),
    /// Makes a bus of a recording.
    Import {
        #[command(subcommand)]
        from: import::Source,
    },
    /// Gives back what was imported.
    Export {
        #[command(subcommand)]
        to: export::Target,
    },
    Info(info::Args),
    Log(log::Args),
    At(at::Args),
    History(history::Args),
    Why(why::Args),
    Diff(diff::Args),
    Graph(graph::Args),
    Verify(verify::Args),
    Recover(recover::Args),
    Replay(replay::Args),
    Checkpoint(checkpoint::Args),
    Compact(compact::Args),
    Tag(tag::Args),
    Stats(stats::Args),
    Serve(serve::Args),
    Completions(completions::Args),
}
