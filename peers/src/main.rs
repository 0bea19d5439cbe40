//! `mmsb-bench-peers`: the runner of the bench lines with peers built in; `cargo xtask bench --peers` starts it.
//!
//! Each peer is one file that submits itself for the work that it can do: shapes of waves (line `waves`), pages and logs
//! (line `peers`). All get the same work in the same repeats, with the settings that suit each best, and what they made
//! is compared.

#![deny(unsafe_code)]

mod by_fjall;
mod by_hand;
mod by_incremental;
mod by_lmdb;
mod by_okaywal;
mod by_redb;
mod by_salsa;
mod by_sqlite;
mod ours;
mod rows;
mod warm;
mod work;

use std::{io, process::ExitCode};

use benches::{Options, registered, run};
use clap::Parser;

fn main() -> ExitCode {
    match run(&registered(), &options(), &mut io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("mmsb-bench-peers: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Lines that have peers.
const LINES: [&str; 2] = ["waves", "peers"];

/// Returns what was asked for; if no line was named, those that have peers.
fn options() -> Options {
    let mut options = Options::parse();
    if options.only.is_empty() && !options.all && !options.list {
        options.only = LINES.map(String::from).to_vec();
    }
    options
}
