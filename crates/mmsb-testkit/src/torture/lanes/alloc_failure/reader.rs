//! The process that reads without memory.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, ErrorKind},
    path::Path,
    process::{Command, ExitCode, Output, Stdio},
};

use mmsb::{Epoch, Error};
use mmsb_types::plant::{Fault, is_planted, plant};

use crate::torture::{Memory, oracle::whole, workload::builder};

/// What the process says where it was told that there is no memory.
pub(super) const NO_MEMORY: &str = "no memory";
/// Its first argument.
const CHILD: &str = "alloc-child";
/// What may be planted in it.
const TWIN: Fault = Fault::Unreserved;

/// Lets a process read the bus, in which the allocation of this number fails.
pub(super) fn spawn(path: &Path, number: u64) -> io::Result<Output> {
    let mut call = Command::new(std::env::current_exe()?);
    call.arg(CHILD).arg(path).arg(number.to_string()).arg(is_planted(TWIN).to_string());
    call.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).output()
}

/// Is that process, if the arguments say so.
pub(in crate::torture::lanes) fn child(
    mut args: impl Iterator<Item = String>,
    memory: Memory,
) -> Option<ExitCode> {
    let is_child = args.nth(1).as_deref() == Some(CHILD);
    let (path, number) = (args.next().filter(|_| is_child)?, args.next()?.parse().ok()?);
    plant((args.next()? == "true").then_some(TWIN));
    (memory.refuse)(number);
    let read = read(Path::new(&path));
    (memory.refuse)(0);
    match read {
        Ok(seen) => println!("{seen}"),
        Err(error) if is_for_memory(&error) => println!("{NO_MEMORY}"),
        Err(error) => println!("{}", whole(&error)),
    }
    Some(ExitCode::SUCCESS)
}

fn is_for_memory(error: &Error) -> bool {
    let mut next = Some(error as &dyn std::error::Error);
    while let Some(error) = next {
        let source = error.downcast_ref::<io::Error>();
        if source.is_some_and(|source| source.kind() == ErrorKind::OutOfMemory) {
            return true;
        }
        next = error.source();
    }
    matches!(error, Error::OutOfMemory { .. })
}

/// Opens the bus, which cuts its tail, reads its states and its history, and verifies its files.
pub(super) fn read(path: &Path) -> Result<String, Error> {
    let mut hasher = DefaultHasher::new();
    let bus = builder(0).open(path)?;
    for page in bus.pages() {
        (page, bus.page_epoch(page)?, bus.page_name(page)).hash(&mut hasher);
        bus.with_page(page, |bytes| bytes.hash(&mut hasher))?;
    }
    let newest = bus.epoch();
    for epoch in [bus.oldest(), Epoch::new(newest.get() / 2), newest] {
        for info in bus.at(epoch)?.pages() {
            (info.page, info.epoch).hash(&mut hasher);
        }
    }
    for commit in bus.commits()? {
        commit?.epoch.hash(&mut hasher);
    }
    drop(bus);
    mmsb::verify(path)?;
    Ok(format!("{newest} {:016x}", hasher.finish()))
}
