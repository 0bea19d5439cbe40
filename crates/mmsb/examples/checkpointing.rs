//! Stop, open again, crash, recover, name a state, look back: what a bus on disk keeps, and from where it starts.
//!
//! `cargo run --release -p mmsb --example checkpointing`

use std::{fs, io, path::Path};

use mmsb::{Bus, Durability, Error, PageId};

const TICKS: u64 = 2_000;

/// One commit: the tick's number, and a place that depends on it.
fn tick(bus: &Bus, world: PageId, tick: u64) -> Result<(), Error> {
    let mut tx = bus.begin().label(tick);
    tx.put(world, 0, &tick)?;
    tx.put(world, 8 + (tick % 500) as u32 * 8, &(tick * tick))?;
    tx.commit().map(drop)
}

/// What a crash leaves: the files as they are now, whoever has them open.
fn crash(running: &Path, left: &Path) -> io::Result<()> {
    fs::create_dir(left)?;
    for file in fs::read_dir(running)? {
        let file = file?;
        fs::copy(file.path(), left.join(file.file_name()))?;
    }
    // The last hundred bytes of log never arrive.
    let segment = left.join("seg-1");
    let written = fs::read(&segment)?.iter().rposition(|&byte| byte != 0).unwrap_or(0) as u64;
    fs::OpenOptions::new().write(true).open(segment)?.set_len(written.saturating_sub(100))
}

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scratch = tempfile::tempdir()?;
    let (path, left) = (scratch.path().join("run.mmsb"), scratch.path().join("crashed.mmsb"));

    // A run that ends on purpose. What is made and named here is found again.
    let bus = Bus::create(&path)?;
    let world = bus.create_page("world", 4096)?;
    (0..TICKS).try_for_each(|number| tick(&bus, world, number))?;
    bus.tag("half-way", bus.at_label(TICKS / 2)?.epoch())?;
    let stopped_at = bus.epoch();
    bus.stop()?;

    // The next run. A checkpoint is the state in a file of its own: opening starts from the newest one.
    let bus = Bus::open(&path)?;
    assert_eq!((bus.epoch(), bus.page("world")), (stopped_at, Some(world)));
    let made = bus.checkpoint()?;
    println!("checkpoint at {}: {} page, {} bytes on disk", made.epoch, made.page_count, made.file_bytes);
    (TICKS..TICKS + 100).try_for_each(|number| tick(&bus, world, number))?;

    // A commit that must outlive even the power says so; the ones behind it do not.
    let mut paid = bus.begin().label(TICKS + 100).durability(Durability::Synced);
    paid.put(world, 0, &(TICKS + 100))?;
    let paid = paid.commit()?;
    assert_eq!(paid.reached, Durability::Synced);
    (TICKS + 101..TICKS + 200).try_for_each(|number| tick(&bus, world, number))?;
    crash(&path, &left)?;

    // Opening recovers: the checkpoint, the whole commits behind it; the torn rest is cut.
    let recovered = Bus::open(&left)?;
    println!("the crashed run had {}, {} are recovered", bus.epoch(), recovered.epoch());
    assert!(paid.epoch <= recovered.epoch() && recovered.epoch() <= bus.epoch());
    assert_eq!(recovered.get::<u64>(world, 0)?, recovered.at(recovered.epoch())?.get::<u64>(world, 0)?);

    // The past is still all there, by epoch, by label, by name.
    assert_eq!(recovered.at_tag("half-way")?.get::<u64>(world, 0)?, TICKS / 2);
    assert_eq!(recovered.at_label(7)?.get::<u64>(world, 0)?, 7);
    println!("from {} on every state can be shown", recovered.oldest());
    recovered.stop()?;
    bus.stop()?;
    Ok(())
}
