//! Every bit of every file flipped, every file cut at every byte, by as many threads as there are processors.

use std::{path::Path, sync::Arc, thread, time::Instant};

use anyhow::{Result, bail, ensure};
use mmsb::{
    Bus, Error, state_hash,
    validate::verified_of,
    vfs::{Access, MemoryVfs, Vfs},
};
use mmsb_tlog::{LogDir, LogError, Tail};

use super::{
    BUS,
    small::{Small, is_state},
};
use crate::{
    Context, REPEATS_MIN, Sample,
    pin::{panicked, processors},
};

/// In a tiny run every so many bits, and every so many lengths, are tried.
const STRIDES: [(usize, usize); 3] = [(1, 1), (1, 1), (61, 7)];

/// Where something is told to be wrong: file and offset.
type Told = Vec<(String, u64)>;

/// Flips every bit; returns how many, and how long each took, in microseconds.
pub fn flips(context: &Context, small: &Small) -> Result<(usize, Sample)> {
    let stride = context.size().pick(STRIDES).0;
    let bits = |(name, bytes): (&String, &Vec<u8>)| {
        let name = name.clone();
        (0..bytes.len() * 8).step_by(stride).map(move |bit| (name.clone(), bit)).collect::<Vec<_>>()
    };
    let all: Vec<_> = small.files.iter().flat_map(bits).collect();
    let is_healed = context.has_fault("unseen-flip");
    let mut micros = Vec::new();
    for group in all.chunks(all.len().div_ceil(REPEATS_MIN)) {
        let start = Instant::now();
        in_threads(group, |share| {
            let disk = small.disk()?;
            share
                .iter()
                .try_for_each(|(name, bit)| flip(small, &disk, name, *bit, is_healed && *bit == 77 * stride))
        })?;
        micros.push(start.elapsed().as_secs_f64() * 1e6 / group.len() as f64);
    }
    Ok((all.len(), Sample::of(micros)?))
}

fn flip(small: &Small, disk: &MemoryVfs, name: &str, bit: usize, is_healed: bool) -> Result<()> {
    let at = (bit / 8) as u64;
    let byte = small.files[name][bit / 8];
    let file = disk.open(&Path::new(BUS).join(name), Access::ReadWrite)?;
    file.write_at(at, &[if is_healed { byte } else { byte ^ 1 << (bit % 8) }])?;
    let told = told(disk)?;
    file.write_at(at, &[byte])?;
    let [(file, offset)] = &told[..] else { bail!("bit {bit} of {name}: told {told:?}") };
    ensure!(file == name && is_there(small, name, *offset, at), "bit {bit} of {name}: told {told:?}");
    Ok(())
}

/// Tells whether what begins at `offset` holds the byte at `at`.
fn is_there(small: &Small, name: &str, offset: u64, at: u64) -> bool {
    if !name.starts_with("seg-") {
        return offset <= at;
    }
    let record = small.places.iter().rev().find(|place| **place <= at);
    record == Some(&offset)
}

/// Lists what is told of the files on a disk.
pub fn told(disk: &MemoryVfs) -> Result<Told> {
    let dir = match LogDir::open(Arc::new(disk.clone()), Path::new(BUS)) {
        Ok(dir) => dir,
        Err(LogError::Corrupt { file, offset, .. }) => return Ok(vec![(name(&file), offset)]),
        Err(LogError::UnsupportedVersion { file, .. }) => return Ok(vec![(name(&file), 0)]),
        Err(error) => return Err(error.into()),
    };
    let verified = match verified_of(dir) {
        Ok(verified) => verified,
        Err(Error::Corrupt { file, offset, .. } | Error::Truncated { file, offset, .. }) => {
            return Ok(vec![(name(&file), offset)]);
        }
        Err(error) => return Err(error.into()),
    };
    let records =
        verified.log.bad.iter().zip(&verified.bad_files).map(|(bad, file)| (name(file), bad.offset));
    let pieces = verified.bad_checkpoints.iter().map(|bad| (name(&bad.file), bad.offset));
    let mut told: Told = records.chain(pieces).collect();
    if told.is_empty() && verified.log.scan.tail != (Tail::Clean { closed: true }) {
        told.push((name(&verified.file), verified.log.scan.end.lsn.get()));
    }
    Ok(told)
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Cuts every file at every byte; returns how many cuts there are.
pub fn cuts(context: &Context, small: &Small) -> Result<usize> {
    let stride = context.size().pick(STRIDES).1;
    let lengths = |(name, bytes): (&String, &Vec<u8>)| {
        let name = name.clone();
        (0..bytes.len()).step_by(stride).map(move |len| (name.clone(), len)).collect::<Vec<_>>()
    };
    let all: Vec<_> = small.files.iter().flat_map(lengths).collect();
    in_threads(&all, |share| share.iter().try_for_each(|(name, len)| cut(small, name, *len)))?;
    Ok(all.len())
}

fn cut(small: &Small, name: &str, len: usize) -> Result<()> {
    let mut files = small.files.clone();
    files.entry(name.to_owned()).or_default().truncate(len);
    let (places, states) = (small.places.clone(), small.states.clone());
    let disk = Small { files, places, states }.disk()?;
    let told = told(&disk)?;
    ensure!(
        told.iter().any(|(file, offset)| file == name && *offset <= len as u64),
        "{name} of {len} bytes: {told:?}"
    );
    let opened = Bus::builder().without_threads().read_on(Arc::new(disk), Path::new(BUS));
    if let Ok(bus) = opened {
        let hash = state_hash(&bus)?;
        ensure!(is_state(small, bus.epoch(), hash), "{name} of {len} bytes opens as a state that never was");
    }
    Ok(())
}

/// Gives each processor's thread its share of the work.
fn in_threads<T: Sync>(all: &[T], work: impl Fn(&[T]) -> Result<()> + Sync) -> Result<()> {
    let share = all.len().div_ceil(processors()?.len().max(1)).max(1);
    thread::scope(|scope| {
        let threads: Vec<_> = all.chunks(share).map(|share| scope.spawn(|| work(share))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|cause| Err(panicked(&*cause))))
    })
}
