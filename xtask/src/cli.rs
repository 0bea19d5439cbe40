//! The command line: one subcommand for each kind of house keeping.

use std::ffi::OsString;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{bench, ci, command::workspace_root, lanes, layers, tidy, torture};

/// House keeping of the MMSB workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Compare the dependency edges of the workspace with the table of layers.
    Layers,
    /// Check heads, sizes and words of the source files.
    Tidy {
        /// Lower the ratchet's figures to today's; they never rise.
        #[arg(long)]
        update: bool,
    },
    /// Run everything that must pass before a change is taken.
    Ci {
        /// Without the workspace's tests: whoever calls has just run them.
        #[arg(long)]
        tested: bool,
    },
    /// Run small models of the concurrent code through all their interleavings, and their weakened twins,
    /// which must be rejected.
    Loom {
        /// Only models whose names contain this.
        #[arg(long)]
        filter: Option<String>,
    },
    /// Run the lower crates' tests under Miri (nightly), which finds undefined behaviour.
    Miri,
    /// Run what has threads under ThreadSanitizer (library built along), which finds data races.
    Tsan,
    /// Run the library crates' tests under AddressSanitizer (library built along), which finds memory used
    /// wrongly.
    Asan,
    /// Run every kernel against its twin on two drivers in software; one of them is downloaded, on Debian.
    Gpu,
    /// Run a bus on disks that lose, tear, refuse and damage, with faults planted in the engine, which must be
    /// noticed.
    Torture(torture::Options),
    /// Build and run the bench lines in release mode; everything after `bench` goes to the runner.
    #[command(disable_help_flag = true)]
    Bench {
        /// Arguments of the runner; `--help` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

impl Cli {
    /// Runs the task that was asked for and returns the status to exit with: 0 if all is well, 1 if a
    /// rule was broken and the report was printed; the bench runner's own status is passed on.
    ///
    /// # Errors
    /// If the task could not be done at all: a tool is missing, a file cannot be read.
    pub fn run(&self) -> Result<u8> {
        let root = workspace_root()?;
        let holds = match &self.task {
            Task::Layers => layers::run(&root)?,
            Task::Tidy { update } => tidy::run(&root, *update)?,
            Task::Ci { tested } => ci::run(&root, *tested),
            Task::Loom { filter } => lanes::loom(&root, filter.as_deref())?,
            Task::Miri => lanes::miri(&root)?,
            Task::Tsan => lanes::tsan(&root)?,
            Task::Asan => lanes::asan(&root)?,
            Task::Gpu => lanes::gpu(&root)?,
            Task::Torture(options) => torture::run(&root, options)?,
            Task::Bench { args } => return bench::run(&root, args),
        };
        Ok(u8::from(!holds))
    }
}
