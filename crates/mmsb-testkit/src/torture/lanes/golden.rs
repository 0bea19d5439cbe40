//! Golden files: every bit turned, every length cut, of small stores and of the fixtures of each format.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use mmsb::vfs::{
    FaultyVfs, Vfs,
    faulty::{Crash, Damage},
};
use mmsb_tlog::{Cursor, LogDir, LogError, Reader, Scan, Verification};
use mmsb_types::crc32c_append;

use super::{bad_disk::judge, crash::record};
use crate::{
    Rng,
    torture::{
        Tally, Task,
        oracle::{Bounds, whole},
        pool,
        workload::{PATH, Run, Workload},
    },
};

/// Bytes of one case: eight bits and one length each.
const STRIDE: u64 = 16;
const TRIES_PER_BYTE: u64 = 9;

pub(super) fn run(task: &Task) -> Tally {
    let mut tally = Tally::default();
    for dir in fixtures() {
        let more = fixture(task, &dir);
        tally.tried += more.tried;
        tally.failures.extend(more.failures);
    }
    let mut operations = 60;
    while tally.tried < task.cases && tally.failures.is_empty() {
        match record(Workload { seed: task.seed ^ operations, operations, stops: true }) {
            Ok(run) => store(task, &run, &mut tally),
            Err(what) => tally.failures.push(what),
        }
        operations += 7;
    }
    tally
}

/// Goes through all files of a store that a workload has made and closed.
fn store(task: &Task, run: &Run, tally: &mut Tally) {
    let places = places(&run.disk);
    let cases = places.len().div_ceil(STRIDE as usize) as u64;
    let left = (task.cases - tally.tried).div_ceil(TRIES_PER_BYTE * STRIDE);
    let more = pool::each("golden", task, cases.min(left), |case| {
        let (case, mut tried) = (dealt(case, cases), 0);
        for (path, offset) in places.iter().skip((case * STRIDE) as usize).take(STRIDE as usize) {
            for damage in damages(*offset) {
                let disk = run.disk.crash(Crash::Keep);
                disk.damage(path, damage).map_err(|error| error.to_string())?;
                let is_flip = matches!(damage, Damage::Flip { .. });
                let least = is_flip.then(|| run.model.epoch());
                let bounds = Bounds { model: &run.model, least, most: run.model.epoch() };
                let judged = judge(&disk, &bounds, &mut Rng::new(offset ^ tried));
                judged.map_err(|what| format!("{}: {damage:?}: {what}", path.display()))?;
                tried += 1;
            }
        }
        Ok(tried)
    });
    tally.tried += more.tried;
    tally.failures.extend(more.failures);
}

/// Deals cases out so that the first ones come from everywhere: a hunt that sees a part sees some of every file.
fn dealt(case: u64, count: u64) -> u64 {
    const STEP: u64 = 7919;
    if count.is_multiple_of(STEP) { case } else { case * STEP % count }
}

fn damages(offset: u64) -> impl Iterator<Item = Damage<'static>> {
    (0..8).map(move |bit| Damage::Flip { bit: offset * 8 + bit }).chain([Damage::Cut { len: offset }])
}

/// Every byte of every file but the lock.
fn places(disk: &FaultyVfs) -> Vec<(PathBuf, u64)> {
    let files = disk.files().into_iter().filter(|path| !path.ends_with("LOCK"));
    let bytes = files.map(|path| (disk.bytes(&path).map_or(0, |bytes| bytes.len() as u64), path));
    bytes.flat_map(|(bytes, path)| (0..bytes).map(move |offset| (path.clone(), offset))).collect()
}

/// The directories with the files of each format version.
fn fixtures() -> Vec<PathBuf> {
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../testdata/format"].iter().collect();
    let Ok(entries) = fs::read_dir(root) else { return Vec::new() };
    let mut dirs: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    dirs.sort();
    dirs
}

/// Goes through all files of a fixture, as a log: what is still read is a prefix of what was.
fn fixture(task: &Task, dir: &Path) -> Tally {
    let disk = FaultyVfs::new();
    let whole_log = load(&disk, dir).and_then(|()| commits(&disk).map_err(|error| whole(&error)));
    let whole_log = match whole_log {
        Ok(commits) => commits,
        Err(what) => {
            let failures = vec![format!("{} does not open: {what}", dir.display())];
            return Tally { failures, ..Tally::default() };
        }
    };
    let places = places(&disk);
    let cases = places.len() as u64;
    pool::each("golden", task, cases.min(task.cases.div_ceil(TRIES_PER_BYTE)), |case| {
        let (path, offset) = &places[dealt(case, cases) as usize];
        for damage in damages(*offset) {
            let disk = disk.copy();
            pool::reads(disk.bytes_total());
            disk.damage(path, damage).map_err(|error| error.to_string())?;
            let place =
                |what: &str| Err(format!("{}: {}: {damage:?}: {what}", dir.display(), path.display()));
            match commits(&disk) {
                Ok(found) if whole_log.starts_with(&found) => {}
                Ok(_) => return place("other commits are read"),
                Err(error) if is_plain(&error) => {}
                Err(error) => return place(&whole(&error)),
            }
        }
        Ok(TRIES_PER_BYTE)
    })
}

fn load(disk: &FaultyVfs, dir: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    disk.create_dir(Path::new(PATH)).map_err(failed)?;
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let bytes = fs::read(&path).map_err(failed)?;
        let file = disk.create_new(&Path::new(PATH).join(path.file_name().unwrap_or_default()));
        file.map_err(failed)?.write_at(0, &bytes).map_err(failed)?;
    }
    Ok(())
}

/// Number of every commit and checksum of what it writes, after a scan and a verification.
fn commits(disk: &FaultyVfs) -> Result<Vec<(u64, u32)>, LogError> {
    let dir = LogDir::open(Arc::new(disk.clone()), Path::new(PATH))?;
    let scan = Scan::run(&dir)?;
    Verification::run(&dir)?;
    let mut reader = Reader::new(&dir, Cursor::first(&dir), scan.end.lsn)?;
    let mut commits = Vec::new();
    while let Some(commit) = reader.next_commit()? {
        let content = commit.frame.batch.columns().iter().fold(0, |crc, column| crc32c_append(crc, column));
        commits.push((commit.epoch.get(), content));
    }
    Ok(commits)
}

fn is_plain(error: &LogError) -> bool {
    use LogError::{Corrupt, HistoryGone, Io, NotABus, UnsupportedVersion};
    matches!(
        error,
        Corrupt { .. } | HistoryGone { .. } | Io { .. } | NotABus { .. } | UnsupportedVersion { .. }
    )
}
