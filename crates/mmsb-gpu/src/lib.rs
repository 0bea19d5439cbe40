//! Pages mirrored in a device's memory. The log is the truth, so everything here can be made again from it.
//!
//! Reading order:
//! 1. [`PageOps`]: what can be done with mirrored pages. [`CpuOps`] does it on the host; with feature `device`,
//!    `GpuOps` on a device. Both give the same bytes, always.
//! 2. [`PageHandle`], [`Slabs`], [`Place`]: where pages lie. Bytes of a slot behind its page are zero, so no
//!    kernel has a tail to care for.
//! 3. [`Coalescer`], [`Plan`], [`WordOp`]: batches in log order become one op for each touched word, and whole
//!    lines where much is touched. Order is resolved on the host, so kernels need none.
//! 4. [`Residents`]: which pages of a bus are there, as of which epoch, and who has to go when room is short.
//! 5. [`Step`]: what one submission does, in order. [`Program`] is the same as plain data: tiles, words and
//!    [`Dispatch`]es of [`Kernel`]s.
//! 6. [`Engine`]: who runs programs. Each kernel is three files of one name: `shaders/*.wgsl`, its twin in
//!    `src/cpu`, and its tests.
//!
//! Invariant: integers only. Knows no page memory of the host, no graph and no log.

#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod error;
mod slabs;
mod wanted;

mod coalesce;
mod plan;

mod formula;
mod kernel;
mod lower;
mod program;
mod step;
mod ticket;

mod engine;
mod ops;
mod pages;
mod queries;

mod cpu;
mod residents;

#[cfg(feature = "device")]
mod answers;
#[cfg(feature = "device")]
mod device;

pub use cpu::{CpuOps, Host};
#[cfg(feature = "device")]
pub use device::{About, Device, GpuOps, Loss, Took};
pub use engine::Engine;
pub use ops::PageOps;
pub use pages::Pages;
pub use queries::{Comparison, Fingerprint};

pub use slabs::{PageHandle, Place, Slabs};

pub use coalesce::Coalescer;
pub use plan::{Plan, WordOp};

pub use residents::{Applied, Awaited, By, Derivation, Epochs, Held, Insert, Known, PageState, Residents};

pub use formula::Formula;
pub use kernel::Kernel;
pub use program::{Dispatch, Program, Tile};
pub use step::{Combine, Computed, Job, Step};

pub use ticket::{Later, Ticket};

pub use wanted::Wanted;

pub use error::{GpuError, PlanError};

/// The library under [`GpuOps`]: of this version are the devices that it takes.
#[cfg(feature = "device")]
pub use wgpu;
