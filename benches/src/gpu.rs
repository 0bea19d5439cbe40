//! What line `gpu` measures: the coalescer and the kernels' twins on the host and, built with the feature `gpu`, the
//! same kernels on a device.
//!
//! A kernel's figure is the least bytes that anybody must move for its work, over the time that it took by the device's
//! own clock, over what a copy from buffer to buffer reached right before. Whatever a device did is held against what
//! the host's twins do. Without a device the host's part is measured, and said to be all; `MMSB_GPU=require` makes that
//! a failure. Goals for a GPU are not shown for a driver in software.

mod coalesce;
#[cfg(feature = "gpu")]
mod device;
mod fields;
#[cfg(feature = "gpu")]
mod sync;
mod twins;
mod work;

use anyhow::Result;

use crate::{Context, Outcome};

#[cfg(feature = "gpu")]
pub use device::{Open, rows as device_rows};

/// Pages that kernels work on, in bytes.
const PAGE_BYTES: [u32; 2] = [4 << 10, 64 << 10];

/// Measures everything.
///
/// # Errors
/// A device is required and there is none, or something did not come out as it must.
pub fn run(context: &mut Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    coalesce::rows(context, &mut outcome)?;
    twins::rows(context, &mut outcome)?;
    on_device(context, &mut outcome)?;
    Ok(outcome)
}

#[cfg(feature = "gpu")]
fn on_device(context: &Context, outcome: &mut Outcome) -> Result<()> {
    use mmsb_gpu::{GpuError, GpuOps, Wanted};

    match device::rows(context, outcome, GpuOps::open) {
        Err(error) => match error.downcast_ref() {
            Some(GpuError::NoAdapter { why }) if Wanted::from_env()? != Wanted::Require => {
                outcome.note(format!("no device, the host's part only: {why}"));
                Ok(())
            }
            _ => Err(error),
        },
        Ok(()) => Ok(()),
    }
}

#[cfg(not(feature = "gpu"))]
fn on_device(_: &Context, outcome: &mut Outcome) -> Result<()> {
    outcome.note("built without the device, the host's part only: `--only gpu` measures a device, too");
    Ok(())
}
