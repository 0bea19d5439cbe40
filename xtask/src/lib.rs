//! House keeping of the workspace, as code: the rules that a reviewer would otherwise have to remember.
//!
//! [`layers`] holds the table of who may depend on whom, [`tidy`] the rules for source files,
//! [`ci`] runs everything that must pass, [`lanes`] what needs a checker beside the tests, [`mod@bench`]
//! starts the bench runner, [`mod@torture`] the disks that fail.
//!
//! Invariant: reads the workspace, and writes one file only: the ratchet, when asked to.

#![forbid(unsafe_code)]

pub mod bench;
pub mod ci;
mod cli;
mod command;
pub mod lanes;
pub mod layers;
pub mod tidy;
pub mod torture;

pub use cli::Cli;
