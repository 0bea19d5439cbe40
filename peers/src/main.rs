//! `mmsb-bench-peers`: the runner of the bench lines with peers built in; `cargo xtask bench --peers` starts it.
//!
//! Each peer is one file that submits itself. Peers compute the same shapes from the same sources as MMSB does, in the
//! same repeats, and what they computed is compared; values are kept in the form that suits each best.

#![forbid(unsafe_code)]

mod by_incremental;
mod by_salsa;

use std::{io, process::ExitCode};

use benches::{Options, registered, run};
use clap::Parser;

fn main() -> ExitCode {
    match run(&registered(), &Options::parse(), &mut io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("mmsb-bench-peers: {error:#}");
            ExitCode::from(2)
        }
    }
}
