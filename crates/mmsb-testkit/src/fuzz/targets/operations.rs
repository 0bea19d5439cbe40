//! Operations against the model, chosen by the input: two bytes a choice.

use std::{path::Path, sync::Arc};

use mmsb::{Builder, Bus, vfs::FaultyVfs};

use crate::{Driver, Rng, agree, fuzz::disk::PATH};

/// Operations of one input.
const OPERATIONS_MAX: usize = 40;
/// Segments so short that a few commits fill one.
const SEGMENT_BYTES: u64 = 8 << 10;

pub(super) fn read(input: &[u8]) -> Result<(), String> {
    let mut rng = Rng::steered(input);
    let mut driver = Driver::steered(input);
    let disk = FaultyVfs::new();
    let vfs = || Arc::new(disk.clone());
    let failed = |error: mmsb::Error| format!("{error} at {input:02x?}");
    let mut bus = builder().create_on(vfs(), Path::new(PATH)).map_err(failed)?;
    for _ in 0..(input.len() / 8).clamp(1, OPERATIONS_MAX) {
        match rng.below(24) {
            0 => {
                if rng.once_in(2) {
                    bus.stop().map_err(failed)?;
                } else {
                    drop(bus);
                }
                bus = builder().open_on(vfs(), Path::new(PATH)).map_err(failed)?;
                agree::live(&bus, driver.model());
            }
            1 | 2 => drop(driver.try_rewind(&bus, 20).map_err(failed)?),
            _ => drop(driver.try_step(&bus).map_err(failed)?),
        }
    }
    agree::live(&bus, driver.model());
    bus.stop().map_err(failed)?;
    agree::live(&builder().read_on(vfs(), Path::new(PATH)).map_err(failed)?, driver.model());
    Ok(())
}

fn builder() -> Builder {
    Bus::builder().ring_bytes(0).prewrite(false).segment_bytes(SEGMENT_BYTES).instance_id([7; 16])
}
