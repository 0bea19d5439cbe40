//! The lanes, in the order in which they are run.

mod crash;
mod recovery;

mod io_errors;

mod bad_disk;
mod golden;

mod kill;

pub mod fuzz;

mod determinism;

mod enospc;

mod alloc_failure;

#[cfg(shuttle)]
mod shuttle;

use std::process::ExitCode;

use mmsb_types::plant::Fault;

use super::{Lane, Memory};

/// Is the process that a lane has started, if the arguments say so.
#[must_use]
pub fn child(memory: Memory) -> Option<ExitCode> {
    kill::child(std::env::args()).or_else(|| alloc_failure::child(std::env::args(), memory))
}

/// Every lane.
pub const LANES: &[Lane] = &[
    Lane {
        name: "crash",
        about: "power cuts after every change of the disk",
        is_quick: true,
        cases: (100_000, 50_000_000),
        run: crash::run,
        twins: &[
            (Fault::SkipSync, 20_000),
            (Fault::SkipDirSync, 20_000),
            (Fault::AckEarly, 20_000),
            (Fault::AckUnnamed, 20_000),
            (Fault::SkipSettle, 20_000),
            (Fault::CutBeforeCheckpoint, 20_000),
        ],
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
        twins: &[(Fault::IgnoreSyncError, 2_000), (Fault::SkipRenew, 2_000)],
    },
    Lane {
        name: "bad-disk",
        about: "durable bytes that turn, vanish, go astray, stay old or come from another store",
        is_quick: true,
        cases: (100_000, 20_000_000),
        run: bad_disk::run,
        twins: &[(Fault::SkipChecksum, 5_000)],
    },
    Lane {
        name: "golden",
        about: "every bit turned and every length cut",
        is_quick: true,
        cases: (200_000, 10_000_000),
        run: golden::run,
        twins: &[(Fault::SkipChecksum, 20_000)],
    },
    Lane {
        name: "kill",
        about: "signal 9 to a process with several writers on the real file system",
        is_quick: true,
        cases: (300, 20_000),
        run: kill::run,
        twins: &[(Fault::AckUnwritten, 100)],
    },
    Lane {
        name: "fuzz",
        about: "changed bytes with checksums that are right, and random operations",
        is_quick: true,
        cases: (1_000_000, 300_000_000),
        run: fuzz::run,
        twins: &[
            (Fault::SkipBounds, 50_000),
            (Fault::SkipChecksum, 50_000),
            (Fault::RunPastEnd, 200_000),
            (Fault::SkipLengthCap, 200_000),
        ],
    },
    Lane {
        name: "determinism",
        about: "states of any log, asked for by 1, 2 and 8 threads",
        is_quick: false,
        cases: (200, 100_000),
        run: determinism::run,
        twins: &[(Fault::StoreFlipped, 200)],
    },
    Lane {
        name: "enospc",
        about: "a real file system whose room ends",
        is_quick: false,
        cases: (64, 4_000),
        run: enospc::run,
        twins: &[(Fault::AckUnwritten, 64)],
    },
    Lane {
        name: "alloc-failure",
        about: "no memory for one allocation of a process that opens, reads and verifies",
        is_quick: false,
        cases: (2_000, 100_000),
        run: alloc_failure::run,
        twins: &[(Fault::Unreserved, 2_000)],
    },
    #[cfg(shuttle)]
    Lane {
        name: "shuttle",
        about: "a bus with all its threads, in orders that are chosen at every step",
        is_quick: false,
        cases: (20_000, 5_000_000),
        run: shuttle::run,
        twins: &[
            (Fault::AckEarly, 5_000),
            (Fault::AckUnnamed, 5_000),
            (Fault::HolderUnwoken, 20_000),
            (Fault::NumberBeforeLocks, 5_000),
            (Fault::LostPending, 5_000),
            (Fault::ReaderRecheck, 5_000),
            (Fault::GateUnwaited, 5_000),
        ],
    },
];
