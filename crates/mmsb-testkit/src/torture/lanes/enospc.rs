//! A file system without room: a real one, of so many bytes, on which a bus writes until it may not.
//!
//! Only who may mount can try it: a system that refuses is told in a note, and no case is counted.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use mmsb::{Bus, Durability, Error, PageId};

use crate::{
    Rng,
    torture::{
        Tally, Task,
        oracle::{told, whole},
        pool,
        workload::builder,
    },
};

/// The least room, and how much more each of some cases has.
const ROOM_BYTES: (u64, u64) = (192 << 10, 4 << 10);
const ROOMS: u64 = 64;
/// Held by a file that goes once the bus has met the end.
const RESERVE_BYTES: usize = 96 << 10;
const COMMITS_MAX: u64 = 10_000;
const PAGE_BYTES: usize = 4096;
/// The last number in the page.
const LAST: u32 = PAGE_BYTES as u32 - 8;

pub(super) fn run(task: &Task) -> Tally {
    if let Err(why) = Mount::of(ROOM_BYTES.0) {
        return Tally { notes: vec![format!("skipped: {why}")], ..Tally::default() };
    }
    pool::each("enospc", task, task.cases, |case| {
        let room = Mount::of(ROOM_BYTES.0 + case % ROOMS * ROOM_BYTES.1)?;
        fill(room.dir.path(), &mut Rng::new(task.seed ^ case << 16)).map(|()| 1)
    })
}

/// A file system of its own; it goes with the value.
struct Mount {
    dir: tempfile::TempDir,
}

impl Mount {
    fn of(bytes: u64) -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut call = Command::new("mount");
        call.args(["-t", "tmpfs", "-o", &format!("size={bytes},mode=0700"), "tmpfs"]).arg(dir.path());
        let status = call.stderr(Stdio::null()).status().map_err(|error| format!("mount: {error}"))?;
        if status.success() { Ok(Self { dir }) } else { Err("nobody but root mounts a tmpfs".into()) }
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.dir.path()).status();
    }
}

/// Writes until there is no room; what was promised is there, without room as with it, and the bus goes on then.
fn fill(root: &Path, dice: &mut Rng) -> Result<(), String> {
    let (reserve, path) = (root.join("reserve"), root.join("bus"));
    fs::write(&reserve, vec![1; RESERVE_BYTES]).map_err(|error| error.to_string())?;
    let mut promised = 0;
    let ended = write(&path, dice, &mut promised).err().ok_or("the room does not end")?;
    if !is_plain(&ended) {
        return Err(format!("no room is told as: {}", whole(&ended)));
    }
    let bus = builder(0).open_read_only(&path).map_err(|error| told("reading without room", &error))?;
    shows(&bus, promised)?;
    drop(bus);
    match builder(0).open(&path) {
        Ok(bus) => shows(&bus, promised)?,
        Err(error) if is_plain(&error) => {}
        Err(error) => return Err(told("opening without room", &error)),
    }
    fs::remove_file(&reserve).map_err(|error| error.to_string())?;
    let bus = builder(0).open(&path).map_err(|error| told("opening with room again", &error))?;
    shows(&bus, promised)?;
    let mut tx = bus.begin().durability(Durability::Synced);
    tx.create_page(None, 64).map_err(|error| told("writing again", &error))?;
    tx.commit().map(drop).map_err(|error| told("a commit with room again", &error))
}

/// Every commit puts its own number at both ends of a page, and fills what is between.
fn write(path: &Path, dice: &mut Rng, promised: &mut u64) -> Result<(), Error> {
    let bus = builder(0).create(path)?;
    let mut tx = bus.begin().durability(Durability::Synced);
    tx.create_page("page", PAGE_BYTES)?;
    *promised = tx.commit()?.epoch.get();
    let page = page(&bus);
    for number in 2..COMMITS_MAX {
        pool::beat();
        let durability = dice.pick(&[Durability::Written, Durability::Written, Durability::Synced]);
        let mut tx = bus.begin().durability(durability);
        let filling = vec![number as u8; dice.below(PAGE_BYTES - 16)];
        tx.put(page, 0, &number)?;
        tx.write(page, 8, &filling)?;
        tx.put(page, LAST, &number)?;
        *promised = tx.commit()?.epoch.get();
        if dice.once_in(40) {
            bus.checkpoint()?;
        }
    }
    Ok(())
}

fn page(bus: &Bus) -> PageId {
    bus.page("page").expect("the first commit was synced")
}

/// The process that was told lives on: all that was written is there.
fn shows(bus: &Bus, promised: u64) -> Result<(), String> {
    let epoch = bus.epoch().get();
    if epoch < promised {
        return Err(format!("e{promised} was told, and e{epoch} is there"));
    }
    let read = |offset| bus.get::<u64>(page(bus), offset).map_err(|error| told("reading", &error));
    let (first, last) = (read(0)?, read(LAST)?);
    let expected = if epoch < 2 { 0 } else { epoch };
    if (first, last) == (expected, expected) {
        Ok(())
    } else {
        Err(format!("{first} and {last} are there at e{epoch}"))
    }
}

fn is_plain(error: &Error) -> bool {
    matches!(error, Error::Io { .. } | Error::Poisoned { .. } | Error::OutcomeUnknown { .. })
}
