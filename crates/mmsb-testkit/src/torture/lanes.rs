//! The lanes, in the order in which they are run.

mod crash;
mod io_errors;
mod recovery;

use mmsb_types::plant::Fault;

use super::Lane;

/// Every lane.
pub const LANES: &[Lane] = &[
    Lane {
        name: "crash",
        about: "power cuts after every change of the disk",
        is_quick: true,
        cases: (100_000, 50_000_000),
        run: crash::run,
        twins: &[(Fault::SkipSync, 20_000), (Fault::SkipDirSync, 20_000)],
    },
    Lane {
        name: "recovery",
        about: "power cuts inside recovery",
        is_quick: true,
        cases: (10_000, 5_000_000),
        run: recovery::run,
        twins: &[(Fault::SkipCutSync, 20_000)],
    },
    Lane {
        name: "io-errors",
        about: "a failure of every call, in six ways, once and for good",
        is_quick: true,
        cases: (10_000, 5_000_000),
        run: io_errors::run,
        twins: &[],
    },
];
