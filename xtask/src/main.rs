//! `cargo xtask`: hands the command line to the library and its verdict to the shell.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match xtask::Cli::parse().run() {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}
