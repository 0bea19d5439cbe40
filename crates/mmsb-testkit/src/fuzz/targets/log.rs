//! A log in one or several segments: verification, scan and reader agree on it.

use std::{path::Path, sync::Arc};

use mmsb::vfs::FaultyVfs;
use mmsb_tlog::{Cursor, LogDir, LogError, Reader, Record, Scan, Verification};

use super::must_equal;
use crate::fuzz::{
    disk::{Files, PATH},
    forge::{Fixes, fix_segments},
};

pub(super) fn read(input: &[u8]) -> Result<(), String> {
    let (fixes, bytes) = Fixes::split(input);
    let mut files = Files { checkpoints: Vec::new(), manifest: None, ..Files::cut(bytes) };
    fix_segments(&mut files.segments, fixes);
    let Some(manifest) = files.manifest() else { return Ok(()) };
    judge(files.put(&manifest))
}

/// What must hold of any log.
fn judge(disk: FaultyVfs) -> Result<(), String> {
    let dir = match LogDir::open(Arc::new(disk), Path::new(PATH)) {
        Ok(dir) => dir,
        Err(error) => return typed(&error),
    };
    let verification = Verification::run(&dir).map_err(|error| error.to_string())?;
    let scan = match Scan::run(&dir) {
        Ok(scan) => scan,
        Err(error) if verification.is_damaged() => return typed(&error),
        Err(error) => return Err(format!("verified without a finding, and {error}")),
    };
    // Bad records that are covered, behind the end of the log, are told by a verification alone.
    let is_bad = verification.bad.first().is_some_and(|bad| bad.covered);
    must_equal("what a verification and a scan find first", &is_bad, &false)?;
    must_equal("what a verification and a scan count", &verification.scan, &scan)?;
    must_equal("what two scans find", &Scan::run(&dir).ok().as_ref(), &Some(&scan))?;
    reads(&dir, &scan)
}

/// The reader gives what the scan has counted, in order, and ends where the scan does.
fn reads(dir: &LogDir, scan: &Scan) -> Result<(), String> {
    let start = Cursor::first(dir);
    let mut reader = Reader::new(dir, start, scan.end.lsn).map_err(|error| error.to_string())?;
    let (mut number, mut marks) = (start.number, 0);
    while let Some(record) = reader.next_record().map_err(|error| format!("behind a good scan: {error}"))? {
        match record {
            Record::Frame(frame) => {
                number += 1;
                must_equal("a number", &frame.number, &number)?;
            }
            Record::Mark(mark) => {
                marks += 1;
                must_equal("a mark's number", &mark.number, &number)?;
            }
            Record::State(state) if state.number > number => {
                return Err(format!("{state:?} is of a state to come"));
            }
            Record::State(_) => {}
        }
    }
    must_equal("frames", &(number - start.number), &scan.frame_count)?;
    must_equal("marks", &marks, &scan.mark_count)?;
    must_equal("the end", &reader.cursor(), &scan.end)
}

/// Tells what is no answer about a log's bytes.
fn typed(error: &LogError) -> Result<(), String> {
    match error {
        LogError::Corrupt { file, .. } | LogError::UnsupportedVersion { file, .. }
            if file.starts_with(PATH) =>
        {
            Ok(())
        }
        LogError::NotABus { .. } | LogError::HistoryGone { .. } => Ok(()),
        other => Err(other.to_string()),
    }
}
