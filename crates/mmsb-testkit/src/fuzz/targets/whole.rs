//! A whole bus, all its files made of the input: refused, or sound, and the same however it is opened.

use std::{path::Path, sync::Arc};

use mmsb::{Builder, Bus, Error, validate::walked, vfs::FaultyVfs};
use mmsb_tlog::{LogDir, Verification};
use mmsb_types::{Epoch, Violation};

use super::must_equal;
use crate::{
    dump,
    fuzz::{
        disk::{Files, PATH},
        forge::{Fixes, fix_checkpoint, fix_segments, fix_tail},
    },
};

/// States with more bytes are not looked at byte by byte.
const STATE_BYTES_TRIED: u64 = 1 << 20;
/// The rule that past states can be read.
const UNREADABLE: &str = "mmsb/log-readable";

pub(super) fn read(input: &[u8]) -> Result<(), String> {
    let (fixes, bytes) = Fixes::split(input);
    let mut files = Files::cut(bytes);
    fix_segments(&mut files.segments, fixes);
    if fixes.checksums {
        files.checkpoints.iter_mut().for_each(|file| fix_checkpoint(file));
        files.manifest.iter_mut().for_each(|file| fix_tail(file));
    }
    let Some(manifest) = files.manifest() else { return Ok(()) };
    let disk = files.put(&manifest);
    let unfit = unfit(&disk)?;
    let read = match builder().read_on(Arc::new(disk.clone()), Path::new(PATH)) {
        Ok(bus) => bus,
        Err(error) => {
            typed(&error)?;
            return if fixes.more { refused(&disk) } else { Ok(()) };
        }
    };
    if let Some(violation) = unfit.first().filter(|_| files.checkpoints.is_empty()) {
        return Err(format!("it opens, and a commit does not fit: {violation:?}"));
    }
    if read.memory().page_bytes > STATE_BYTES_TRIED {
        return Ok(());
    }
    // A checkpoint hides what is before it from opening: that may be damaged, and is told when it is read.
    let is_hidden = |violation: &Violation| violation.rule == UNREADABLE && !files.checkpoints.is_empty();
    if let Some(violation) = read.check().iter().find(|violation| !is_hidden(violation)) {
        return Err(format!("it opens, and is unsound: {violation:?}"));
    }
    match dump(&read) {
        Ok(state) if fixes.more => goes_on(&disk, read.epoch(), &state),
        Ok(_) => Ok(()),
        Err(error) if files.checkpoints.is_empty() => Err(format!("it opens, and is not read: {error}")),
        Err(error) => typed(&error),
    }
}

/// Lists the commits that do not fit the state before them. Recovery does not ask for overlaps, nor for reasons.
fn unfit(disk: &FaultyVfs) -> Result<Vec<Violation>, String> {
    let Ok(dir) = LogDir::open(Arc::new(disk.clone()), Path::new(PATH)) else { return Ok(Vec::new()) };
    let end = Verification::run(&dir).map_err(|error| error.to_string())?.scan.end.lsn;
    let is_refused = |found: &Violation| {
        found.rule != "delta/no-overlap" && found.rule != UNREADABLE && !found.rule.starts_with("provenance/")
    };
    Ok(walked(&dir, end).into_iter().filter(is_refused).collect())
}

/// What cannot be read cannot be written to.
fn refused(disk: &FaultyVfs) -> Result<(), String> {
    match builder().open_on(Arc::new(disk.clone()), Path::new(PATH)) {
        Ok(bus) => Err(format!("not to be read, and open for writing at {}", bus.epoch())),
        Err(error) => typed(&error),
    }
}

/// Opened for writing, it shows the same; a commit behind that is there when it is opened once more.
fn goes_on(disk: &FaultyVfs, newest: Epoch, state: &String) -> Result<(), String> {
    let open = |what: &str| {
        let opened = builder().open_on(Arc::new(disk.clone()), Path::new(PATH));
        opened.map_err(|error| format!("{what}: {error}"))
    };
    let bus = open("to be read, and not open for writing")?;
    must_equal("the state", &dump(&bus).map_err(|error| error.to_string())?, state)?;
    let created = bus.create_page(None, 24).and_then(|page| bus.write(page, 8, b"later").map(|_| page));
    let (page, epoch) = match created {
        Ok(page) => (page, bus.epoch()),
        Err(Error::IdsUsedUp { .. } | Error::EpochsUsedUp { .. }) => return Ok(()),
        Err(error) => return Err(format!("a commit behind it: {error}")),
    };
    must_equal("the epoch", &epoch, &Epoch::new(newest.get() + 2))?;
    drop(bus);
    let bus = open("not to be opened again")?;
    must_equal("the epoch afterwards", &bus.epoch(), &epoch)?;
    must_equal("what was written", &bus.get::<[u8; 5]>(page, 8).ok(), &Some(*b"later"))
}

fn builder() -> Builder {
    Bus::builder().ring_bytes(0).prewrite(false)
}

/// Tells what is no answer about the bytes of a bus.
fn typed(error: &Error) -> Result<(), String> {
    match error {
        Error::Corrupt { file, .. }
        | Error::Truncated { file, .. }
        | Error::UnsupportedVersion { file, .. }
            if file.starts_with(PATH) =>
        {
            Ok(())
        }
        Error::NotABus { .. } | Error::HistoryGone { .. } => Ok(()),
        other => Err(other.to_string()),
    }
}
