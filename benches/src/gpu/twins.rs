//! Rows of the twins: what the host does where there is no device, on one thread.

use anyhow::Result;
use mmsb_gpu::{Engine, Host};

use super::{
    PAGE_BYTES,
    fields::{Fields, Shape},
    work::ALL,
};
use crate::{Context, Outcome, Sample, Unit};

/// Bytes of a field.
const FIELD_BYTES: u32 = 8 << 20;

/// Adds the rows: the least bytes of each kernel's work over the time that its twin takes.
pub(super) fn rows(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let shape = Shape { field_bytes: FIELD_BYTES, page_bytes: PAGE_BYTES[1] };
    let mut random = context.random();
    let mut fields = Fields::new(Host::default(), shape, &mut random)?;
    for make in ALL {
        let work = make(shape, &mut random);
        context.say(format!("gpu: twin of {}", work.name));
        let sample = Sample::gigabytes(context.repeats(), work.floor_bytes as u64, || {
            fields.engine.run(&work.program)?;
            Ok(())
        })?;
        outcome.figure(format!("twin of {}", work.name), Unit::GigabytesPerSecond, sample);
    }
    Ok(())
}
