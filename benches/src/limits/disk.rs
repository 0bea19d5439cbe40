//! Limits of the disk under the run's scratch folder. Files are prewritten, as log segments are.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
};

use anyhow::{Context as _, Result};

use crate::{Context, Sample};

const CALL_BYTES: usize = 1 << 20;
const SYNC_BYTES: usize = 4 << 10;
const SYNCS: u64 = 16;

pub fn write(context: &mut Context) -> Result<Sample> {
    let calls = if context.quick() { 16 } else { 128 };
    let piece = context.random().bytes(CALL_BYTES);
    let mut file = prewritten(context, calls)?;
    Sample::gigabytes(context.repeats(), (calls * CALL_BYTES) as u64, || {
        file.seek(SeekFrom::Start(0))?;
        (0..calls).try_for_each(|_| file.write_all(&piece))?;
        Ok(())
    })
}

pub fn sync(context: &mut Context) -> Result<Sample> {
    let piece = context.random().bytes(SYNC_BYTES);
    let mut file = prewritten(context, 1)?;
    let microseconds = |took: std::time::Duration| took.as_secs_f64() * 1e6 / SYNCS as f64;
    Sample::timed(context.repeats(), microseconds, || {
        file.seek(SeekFrom::Start(0))?;
        for _ in 0..SYNCS {
            file.write_all(&piece)?;
            file.sync_data()?;
        }
        Ok(())
    })
}

fn prewritten(context: &mut Context, calls: usize) -> Result<File> {
    // The folder goes at the end of this function; the open file lives on until it is dropped.
    let folder = context.scratch()?;
    let path = folder.path().join("limit");
    let mut file = File::create_new(&path).with_context(|| format!("making {}", path.display()))?;
    let zeros = vec![0; CALL_BYTES];
    (0..calls).try_for_each(|_| file.write_all(&zeros))?;
    file.sync_all()?;
    Ok(file)
}
