//! `mmsb-bench`: hands the command line to the runner and its verdict to the shell: 0 all passed,
//! 1 a line failed, 2 wrong use.

use std::{io, process::ExitCode};

use benches::{Options, registered, run};
use clap::Parser;

fn main() -> ExitCode {
    match run(&registered(), &Options::parse(), &mut io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("mmsb-bench: {error:#}");
            ExitCode::from(2)
        }
    }
}
