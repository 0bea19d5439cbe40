//! The death of a real process, by signal 9, with several writers on the real file system.
//!
//! It proves nothing about power cuts, for the system lives on: what it shows is that what was written is there,
//! whole and in order, whenever the process ends.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    time::Duration,
};

use mmsb::{Bus, Durability, Epoch, Error, PageId};
use mmsb_types::plant::{Fault, is_planted, plant};

use crate::{
    Rng,
    torture::{Tally, Task, oracle::told, pool},
};

/// The first argument of the process that is killed.
const CHILD: &str = "kill-child";
/// Deaths in one directory.
const LIVES: u64 = 5;
const WRITERS: usize = 3;
/// What may be planted in the child.
const TWINS: [Fault; 1] = [Fault::AckUnwritten];

pub(super) fn run(task: &Task) -> Tally {
    pool::each("kill", task, task.cases.div_ceil(LIVES), |case| {
        let root = tempfile::tempdir().map_err(|error| error.to_string())?;
        let dir = root.path().join("bus");
        let mut dice = Rng::new(task.seed ^ case << 16);
        let mut acknowledged = Acknowledged::default();
        for life in 0..LIVES {
            pool::beat();
            let died = one_life(&dir, &mut dice, &mut acknowledged);
            died.map_err(|what| format!("life {life}: {what}"))?;
        }
        Ok(LIVES)
    })
}

/// What was heard: the newest number of each writer, and the newest epoch.
#[derive(Debug, Default)]
struct Acknowledged {
    numbers: BTreeMap<usize, u64>,
    epoch: u64,
}

/// Lets a process write, kills it, and looks at what it leaves.
fn one_life(dir: &Path, dice: &mut Rng, acknowledged: &mut Acknowledged) -> Result<(), String> {
    let mut child = spawn(dir, dice.any()).map_err(|error| error.to_string())?;
    let output = child.stdout.take().ok_or("the child has no output")?;
    let mut lines = BufReader::new(output).lines();
    acknowledged.hear(lines.next().and_then(Result::ok).ok_or("the child said nothing")?)?;
    std::thread::sleep(Duration::from_micros(dice.below(25_000) as u64));
    child.kill().map_err(|error| error.to_string())?;
    for line in lines.map_while(Result::ok) {
        acknowledged.hear(line)?;
    }
    child.wait().map_err(|error| error.to_string())?;
    let bus = Bus::open(dir).map_err(|error| told("opening after the death", &error))?;
    check(&bus, acknowledged)?;
    bus.stop().map_err(|error| told("stopping", &error))
}

fn spawn(dir: &Path, seed: u64) -> std::io::Result<Child> {
    let mut call = Command::new(std::env::current_exe()?);
    call.arg(CHILD).arg(dir).arg(seed.to_string());
    call.args(TWINS.iter().filter(|&&fault| is_planted(fault)).map(|fault| format!("{fault:?}")));
    call.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()
}

impl Acknowledged {
    /// Takes a line: writer, number, epoch. The last one may be cut short by the death.
    fn hear(&mut self, line: String) -> Result<(), String> {
        let fields: Vec<u64> = line.split(' ').filter_map(|field| field.parse().ok()).collect();
        if let [writer, number, epoch, 0] = fields[..] {
            let newest = self.numbers.entry(writer as usize).or_default();
            *newest = (*newest).max(number);
            self.epoch = self.epoch.max(epoch);
        }
        if line.starts_with("failed") { Err(line) } else { Ok(()) }
    }
}

/// Each writer's pages agree, and hold at least what it was told to be written.
fn check(bus: &Bus, acknowledged: &Acknowledged) -> Result<(), String> {
    for (&writer, &number) in &acknowledged.numbers {
        let [one, other] =
            names(writer).map(|name| bus.page(&name).and_then(|page| bus.get::<u64>(page, 0).ok()));
        if one.is_none() || one != other {
            return Err(format!("writer {writer} has half a commit: {one:?} and {other:?}"));
        }
        if one < Some(number) {
            return Err(format!("writer {writer} was told {number}, and {one:?} is there"));
        }
    }
    if bus.epoch() < Epoch::new(acknowledged.epoch) {
        return Err(format!("e{} was told, and {} is there", acknowledged.epoch, bus.epoch()));
    }
    bus.check().first().map_or(Ok(()), |violation| Err(format!("{violation:?}")))
}

fn names(writer: usize) -> [String; 2] {
    ["one", "other"].map(|which| format!("{which}-{writer}"))
}

/// Is the process that is killed, if the arguments say so: writes until it dies.
pub(super) fn child(mut args: impl Iterator<Item = String>) -> Option<ExitCode> {
    let is_child = args.nth(1).as_deref() == Some(CHILD);
    let (dir, seed) = (args.next().filter(|_| is_child)?, args.next()?.parse().ok()?);
    let planted = args.next();
    plant(TWINS.into_iter().find(|fault| planted.as_deref() == Some(&*format!("{fault:?}"))));
    match write(Path::new(&dir), seed) {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            println!("failed: {error}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn write(dir: &Path, seed: u64) -> Result<(), Error> {
    let bus = if dir.exists() { Bus::open(dir)? } else { Bus::create(dir)? };
    std::thread::scope(|scope| {
        let bus = &bus;
        let writers = (0..WRITERS).map(|writer| scope.spawn(move || write_on(bus, writer, seed)));
        let writers: Vec<_> = writers.collect();
        writers.into_iter().try_for_each(|writer| writer.join().unwrap_or(Ok(())))
    })
}

fn write_on(bus: &Bus, writer: usize, seed: u64) -> Result<(), Error> {
    let mut dice = Rng::new(seed ^ (writer as u64) << 40);
    let mut tx = bus.begin();
    let mut pages = [PageId::new(1); 2];
    for (page, name) in pages.iter_mut().zip(names(writer)) {
        *page = match bus.page(&name) {
            Some(page) => page,
            None => tx.create_page(&*name, 8 + dice.below(200))?,
        };
    }
    tx.commit()?;
    let mut number = bus.get::<u64>(pages[0], 0)?;
    loop {
        number += 1;
        let synced = dice.once_in(16);
        let mut tx = bus.begin().durability(if synced { Durability::Synced } else { Durability::Written });
        for page in pages {
            tx.put(page, 0, &number)?;
        }
        let epoch = tx.commit()?.epoch;
        // One write: a line is whole, or cut at its end, where the 0 is missing then.
        let line = format!("{writer} {number} {epoch} 0\n", epoch = epoch.get());
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }
}
