//! Bad disks: durable bytes that turned, vanished, went astray, stayed old or belong to another store.
//!
//! What can be told is told: damage that leaves the closing mark whole costs no commit in silence. What cannot
//! (the end destroyed together with its marks) still shows no wrong byte.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use mmsb::{
    Error,
    vfs::{
        FaultyVfs,
        faulty::{Crash, Damage},
    },
};
use mmsb_tlog::{LogDir, Verification};

use super::crash::record;
use crate::{
    Rng,
    torture::{
        Tally, Task,
        oracle::{Bounds, at_any_epoch, contents, is_typed, shows, told, within},
        pool,
        workload::{PATH, Run, Workload, builder},
    },
};

/// Stores that are damaged, in turn.
const STORES: u64 = 24;
/// The closing mark.
const MARK_BYTES: u64 = 64;
const SECTOR_BYTES: u64 = 512;

pub(super) fn run(task: &Task) -> Tally {
    let stores: Vec<OnceLock<Result<Run, String>>> = (0..STORES).map(|_| OnceLock::new()).collect();
    let store = |number: u64| {
        let make = || {
            let (operations, stops) = (20 + number * 10, !number.is_multiple_of(4));
            record(Workload { seed: task.seed ^ number << 32, operations, stops })
        };
        stores[(number % STORES) as usize].get_or_init(make).as_ref().map_err(Clone::clone)
    };
    pool::each("bad-disk", task, task.cases, |case| {
        let mut dice = Rng::new(task.seed ^ case << 8);
        let (number, other) = (dice.any() % STORES, dice.any() % STORES);
        damage(store(number)?, store(other)?, &mut dice).map(|()| 1)
    })
}

/// One damage to one file.
struct Blow<'a> {
    path: PathBuf,
    damage: Damage<'a>,
}

fn damage(run: &Run, other: &Run, dice: &mut Rng) -> Result<(), String> {
    let disk = run.disk.crash(Crash::Keep);
    let files: Vec<PathBuf> = disk.files().into_iter().filter(|path| !path.ends_with("LOCK")).collect();
    let path = dice.pick(&files);
    let bytes = disk.bytes(&path).map_err(|error| error.to_string())?;
    let older = run.moments[dice.below(run.moments.len())].kill().bytes(&path).unwrap_or_default();
    let foreign = other.disk.bytes(&path).unwrap_or_default();
    let damage = draw(dice, bytes.len() as u64, &older, &foreign);
    let blow = Blow { path, damage };
    disk.damage(&blow.path, damage).map_err(|error| error.to_string())?;
    if disk.bytes(&blow.path).map_err(|error| error.to_string())? == bytes {
        return Ok(());
    }
    let least = (run.workload.stops && blow.must_be_told(bytes.len() as u64)).then(|| run.model.epoch());
    let bounds = Bounds { model: &run.model, least, most: run.model.epoch() };
    judge(&disk, &bounds, dice).map_err(|what| format!("{}: {}: {what}", blow.path.display(), brief(&damage)))
}

fn draw<'a>(dice: &mut Rng, bytes: u64, older: &'a [u8], foreign: &'a [u8]) -> Damage<'a> {
    let sectors = bytes.div_ceil(SECTOR_BYTES).max(1) as usize;
    let mut sector = || dice.below(sectors) as u64;
    let (source, target) = (sector(), sector());
    match dice.below(12) {
        0..=4 => Damage::Flip { bit: dice.below(bytes as usize * 8 + 1) as u64 },
        5 | 6 => Damage::Zero { sector: target },
        7 => Damage::Misdirected { source, target },
        8 => Damage::Stale { sector: target, older },
        9 => Damage::Replaced { by: older },
        10 => Damage::Replaced { by: foreign },
        _ => Damage::Cut { len: dice.below(bytes as usize + 1) as u64 },
    }
}

impl Blow<'_> {
    /// Tells whether the closing mark survives, so that nothing before it may go without a word.
    fn must_be_told(&self, bytes: u64) -> bool {
        let last = bytes.saturating_sub(MARK_BYTES) / SECTOR_BYTES;
        match self.damage {
            Damage::Flip { .. } => true,
            Damage::Zero { sector } | Damage::Stale { sector, .. } => sector < last,
            Damage::Misdirected { target, .. } => target < last,
            Damage::Replaced { .. } | Damage::Cut { .. } => false,
        }
    }
}

/// Opens what is left in every way: right bytes or a plain error, and no file changed by looking.
pub(super) fn judge(disk: &FaultyVfs, bounds: &Bounds<'_>, dice: &mut Rng) -> Result<(), String> {
    pool::beat();
    pool::reads(disk.bytes_total());
    let before = contents(disk);
    match builder(0).read_on(Arc::new(disk.clone()), Path::new(PATH)) {
        Ok(bus) => {
            within(bus.epoch(), bounds)?;
            shows(&bus, bounds.model.state(bus.epoch()))?;
            if dice.once_in(4) {
                at_any_epoch(&bus, bounds.model, dice)?;
            }
        }
        Err(error) if is_typed(&error) => {}
        Err(error) => return Err(told("opening for reading", &error)),
    }
    if dice.once_in(4)
        && let Ok(dir) = LogDir::open(Arc::new(disk.clone()), Path::new(PATH))
    {
        let _ = Verification::run(&dir);
    }
    if contents(disk) != before {
        return Err("looking changed files".into());
    }
    if dice.once_in(4) { opens_to_write(disk, bounds, &before) } else { Ok(()) }
}

/// A refusal to write leaves the evidence as it was.
fn opens_to_write(
    disk: &FaultyVfs,
    bounds: &Bounds<'_>,
    before: &[(PathBuf, Vec<u8>)],
) -> Result<(), String> {
    match builder(0).open_on(Arc::new(disk.clone()), Path::new(PATH)) {
        Ok(bus) => {
            within(bus.epoch(), bounds)?;
            shows(&bus, bounds.model.state(bus.epoch()))?;
            bus.create_page(None, 8).map(drop).map_err(|error| told("a commit behind damage", &error))
        }
        Err(error) if !is_typed(&error) => Err(told("opening", &error)),
        Err(Error::NotABus { .. }) => Ok(()),
        Err(_) => {
            let is_log = |path: &Path| !path.ends_with("LOCK");
            let after = contents(disk);
            let mut kept = before.iter().filter(|(path, _)| is_log(path));
            let is_kept = kept.all(|file| after.contains(file));
            if is_kept { Ok(()) } else { Err("a refused opening changed files".into()) }
        }
    }
}

fn brief(damage: &Damage<'_>) -> String {
    match damage {
        Damage::Stale { sector, .. } => format!("stale sector {sector}"),
        Damage::Replaced { by } => format!("replaced by {} other bytes", by.len()),
        other => format!("{other:?}"),
    }
}
