//! Validating the files of a bus that nobody need be able to open.

use std::{path::Path, sync::Arc};

use mmsb_tlog::{BadRecord, Fault, LogDir, Verification, vfs::OsVfs};
use mmsb_types::{Lsn, Place, Violation};

use super::{unreadable, walk::walk_files, witness::Witness};
use crate::{Bus, Error, Verified, kept::Kept, verify::verify_dir, verify_replay::verify_replay_of};

/// Validates the bus at `path` as far as its files tell: every record, every block of every checkpoint, every index;
/// every commit up to the first bad record ([`commits`]); and if all that is sound, every hash and checkpoint against
/// the replayed log. A torn tail is legal. Changes nothing.
///
/// # Errors
/// As [`verify`](crate::verify()).
///
/// # Cost
/// Five passes over the log, two over the checkpoints; holds all pages.
pub fn files(path: impl AsRef<Path>) -> Result<Vec<Violation>, Error> {
    files_of(LogDir::open(Arc::new(OsVfs), path.as_ref())?.anchored())
}

/// As [`files`], of a bus that is open as a directory already.
///
/// # Errors
/// As [`files`].
#[doc(hidden)]
pub fn files_of(dir: LogDir) -> Result<Vec<Violation>, Error> {
    let verified = verify_dir(dir.clone())?;
    let mut found = damage(&dir, &verified);
    let is_whole = found.is_empty();
    found.extend(walked(&dir, verified.log.scan.end.lsn));
    if is_whole && found.is_empty() {
        found.extend(opened(&dir).into_iter().chain(replayed(dir)));
    }
    found.extend(verified.indexes);
    Ok(found)
}

/// Validates the commits of the bus at `path`, up to the first bad record, as
/// [`integrity`](super::integrity) and [`provenance`](super::provenance) do; then, if all fit, what they make, as
/// [`Bus::check`] does. Changes nothing.
///
/// # Errors
/// As [`verify`](crate::verify()).
pub fn commits(path: impl AsRef<Path>) -> Result<Vec<Violation>, Error> {
    commits_of(&LogDir::open(Arc::new(OsVfs), path.as_ref())?.anchored())
}

/// As [`commits`], of a bus that is open as a directory already.
///
/// # Errors
/// As [`commits`].
#[doc(hidden)]
pub fn commits_of(dir: &LogDir) -> Result<Vec<Violation>, Error> {
    let found = walked(dir, Verification::run(dir)?.scan.end.lsn);
    Ok(if found.is_empty() { opened(dir) } else { found })
}

/// Lists what commits up to `end` break, and opens nothing.
#[doc(hidden)]
#[must_use]
pub fn walked(dir: &LogDir, end: Lsn) -> Vec<Violation> {
    let (kept, mut witness) = (Kept::new(dir.clone()), Witness::default());
    let walked = kept.beside_writer(|| {
        witness = Witness::default();
        walk_files(&kept, end, &mut witness)
    });
    let Witness { mut integrity, provenance, .. } = witness;
    integrity.extend(provenance);
    integrity.extend(walked.err().map(|error| unreadable(&error)));
    integrity
}

fn opened(dir: &LogDir) -> Vec<Violation> {
    match Bus::builder().read_on(Arc::clone(dir.vfs()), dir.path()) {
        Ok(bus) => bus.check(),
        Err(error) => vec![unreadable(&error)],
    }
}

fn replayed(dir: LogDir) -> Option<Violation> {
    match verify_replay_of(dir, |_| {}) {
        Ok(verified) => verified.difference.map(|difference| {
            let place = Place::Epoch(difference.epoch);
            Violation::new("mmsb/replay-equals-told", place, difference.to_string())
        }),
        Err(error) => Some(unreadable(&error)),
    }
}

/// Lists what is damaged, by place.
fn damage(dir: &LogDir, verified: &Verified) -> Vec<Violation> {
    let records = verified.log.bad.iter().zip(&verified.bad_files).filter(|(bad, _)| bad.covered);
    let records = records.map(|(bad, file)| {
        let what =
            format!("{} at offset {}, record {}: {}", file.display(), bad.offset, bad.number, bad.fault);
        Violation::new(rule(&bad.fault), Place::Lsn(lsn(dir, bad)), what)
    });
    let checkpoints = verified.bad_checkpoints.iter().map(|bad| {
        let what = format!("{} at offset {}: {}", bad.file.display(), bad.offset, bad.what);
        Violation::new("log/checkpoint-whole", Place::Epoch(bad.epoch), what)
    });
    records.chain(checkpoints).collect()
}

fn rule(fault: &Fault) -> &'static str {
    match fault {
        Fault::Number { .. } => "log/numbers-dense",
        Fault::Stray | Fault::StrayBlock | Fault::Chain { .. } => "log/one-run",
        _ => "log/record-whole",
    }
}

fn lsn(dir: &LogDir, bad: &BadRecord) -> Lsn {
    let manifest = dir.manifest();
    let head = manifest.segments.iter().find(|head| head.segment == bad.segment);
    Lsn::new(head.map_or(0, |head| head.first_lsn.get()) + bad.offset)
}
