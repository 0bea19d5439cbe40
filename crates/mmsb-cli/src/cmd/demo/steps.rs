//! The demo's steps.

use std::{path::Path, time::Instant};

use anyhow::Context as _;
use mmsb::{Align, Bus, ByteRun, PageDifference, RunDiff, compare_runs};
use mmsb_cli::{
    ImportError, Imported, Importer, Layout, import,
    sqlite::{Transaction, read_ahead},
};

use super::{recording, report::Report};
use crate::render::{Table, count, hex, percent};

/// Commits that are rebuilt: the first, the last, and some between.
const REBUILT: [usize; 6] = [0, 33, 66, 99, 132, 165];

/// The commit that is changed in the second run.
const CHANGED_COMMIT: u64 = 77;

/// How far from a page's end its changed byte is: amid the newest rows, which SQLite fills from the end.
const CHANGED_FROM_END: usize = 64;

/// The bit that is flipped.
const FLIPPED: u8 = 0x20;

/// Most of the write-ahead log's bytes that the log may take.
const LOG_RATIO_MAX: f64 = 0.13;

/// One byte that differs in the second run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    name: String,
    offset: u32,
    old: u8,
    new: u8,
}

/// Imports the recording and weighs the log.
pub fn import_recording(path: &Path, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.title("Import the recording of an SQLite database at work")?;
    let start = Instant::now();
    let (base, wal) = recording::open()?;
    let imported = import(&base, wal, path, |_| {})?;
    let took_ms = start.elapsed().as_secs_f64() * 1e3;
    check_count(&imported, took_ms, report)?;
    weigh(&imported, report)
}

/// Compares the number of transactions with the recording's.
fn check_count(imported: &Imported, took_ms: f64, report: &mut Report<'_>) -> anyhow::Result<()> {
    let expected = recording::digests()?.len() as u64;
    let summary = &imported.summary;
    report.check(
        summary.transaction_count == expected,
        format_args!(
            "{} transactions, {} page images, {} pages in {took_ms:.0} ms",
            summary.transaction_count,
            count(summary.image_count),
            imported.page_count
        ),
    )?;
    Ok(())
}

fn weigh(imported: &Imported, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.check(
        imported.log_ratio() <= LOG_RATIO_MAX,
        format_args!(
            "the log takes {} bytes, {} of the write-ahead log's {}",
            count(imported.log_bytes),
            percent(imported.log_ratio()),
            count(imported.wal_bytes)
        ),
    )?;
    Ok(())
}

/// Rebuilds the database after several commits and compares each with what was recorded.
pub fn rebuild(path: &Path, report: &mut Report<'_>) -> anyhow::Result<()> {
    report.title("Rebuild the database as it was after several commits")?;
    let bus = Bus::open_read_only(path)?;
    let digests = recording::digests()?;
    let mut table = Table::new(&["#commit", "#epoch", "#pages", "sha-256", "#ms"]);
    let mut equal_count = 0;
    for commit in REBUILT {
        let recorded = digests.get(commit).map(|digest| digest.sha256);
        equal_count += usize::from(rebuild_one(&bus, commit, recorded, &mut table)?);
    }
    report.table(&table)?;
    let holds = equal_count == REBUILT.len();
    report.check(holds, format_args!("{equal_count} of {} are the recorded database", REBUILT.len()))?;
    Ok(())
}

/// Adds a row about one commit; tells whether it is what was recorded.
fn rebuild_one(
    bus: &Bus,
    commit: usize,
    recorded: Option<[u8; 32]>,
    table: &mut Table,
) -> anyhow::Result<bool> {
    let start = Instant::now();
    let past = bus.at_label(commit as u64)?;
    let layout = Layout::of(&past)?;
    let (sha256, took) = (layout.sha256(), start.elapsed());
    let is_equal = recorded == Some(sha256);
    let verdict = format!("{}.. {}", hex(&sha256[..8]), if is_equal { "as recorded" } else { "WRONG" });
    let took = format!("{:.1}", took.as_secs_f64() * 1e3);
    table.row([commit.to_string(), past.epoch().to_string(), layout.page_count().to_string(), verdict, took]);
    Ok(is_equal)
}

/// Imports the recording once more and changes one byte on the way.
pub fn import_again(path: &Path, report: &mut Report<'_>) -> anyhow::Result<Changed> {
    report.title("Import it again with one byte changed")?;
    let (base, wal) = recording::open()?;
    let mut importer = Importer::create(path, &base, wal.header().page_bytes())?;
    let mut changed = None;
    read_ahead(wal, |transaction| {
        if transaction.index() != CHANGED_COMMIT {
            return importer.commit(transaction);
        }
        changed = commit_changed(&mut importer, transaction)?;
        Ok::<_, ImportError>(())
    })?;
    importer.finish()?;
    let changed: Changed = changed.context("the recording has no commit to change")?;
    let Changed { name, offset, old, new } = &changed;
    report.note(format_args!(
        "commit {CHANGED_COMMIT}, page {name}, offset {offset}: {old:02x} -> {new:02x}"
    ))?;
    Ok(changed)
}

/// Commits a transaction whose last image differs in one byte.
fn commit_changed(
    importer: &mut Importer,
    transaction: &Transaction<'_>,
) -> Result<Option<Changed>, ImportError> {
    let mut images = transaction.final_images();
    let Some((number, image)) = images.pop() else { return Ok(None) };
    let mut copy = image.to_vec();
    let offset = copy.len() - CHANGED_FROM_END;
    copy[offset] ^= FLIPPED;
    let (old, new) = (image[offset], copy[offset]);
    images.push((number, &copy));
    importer.commit_images(transaction.index(), transaction.pages_after(), &images)?;
    Ok(Some(Changed { name: number.to_string(), offset: offset as u32, old, new }))
}

/// Compares the runs, knowing nothing of the change, and checks that the change is what comes out.
pub fn find_the_byte(
    first: &Path,
    second: &Path,
    changed: Changed,
    report: &mut Report<'_>,
) -> anyhow::Result<()> {
    report.title("Let `diff` find it")?;
    let (first, second) = (Bus::open_read_only(first)?, Bus::open_read_only(second)?);
    let start = Instant::now();
    let diff = compare_runs(&first, &second, Align::Auto)?;
    let took_ms = start.elapsed().as_secs_f64() * 1e3;
    diff.to_string().lines().try_for_each(|line| report.note(line))?;
    let holds = found(&diff) == Some((CHANGED_COMMIT, changed));
    report.check(holds, format_args!("commit, page, offset and both bytes found in {took_ms:.0} ms"))?;
    Ok(())
}

/// Returns the commit and the byte, if one byte of one page is where the runs part.
fn found(diff: &RunDiff) -> Option<(u64, Changed)> {
    let divergence = diff.divergence.as_ref()?;
    let [page] = &divergence.pages[..] else { return None };
    let PageDifference::Bytes { runs, .. } = &page.what else { return None };
    let [ByteRun { offset, old, new }] = &runs[..] else { return None };
    let ([old], [new]) = (&old[..], &new[..]) else { return None };
    let name = page.name.as_deref()?.to_owned();
    Some((divergence.label?.get(), Changed { name, offset: *offset, old: *old, new: *new }))
}

/// Verifies the logs.
pub fn verify(paths: &[&Path], report: &mut Report<'_>) -> anyhow::Result<()> {
    report.title("Verify both logs")?;
    for path in paths {
        let log = mmsb::verify(path)?.log;
        let (frames, marks) = (log.scan.frame_count, log.scan.mark_count);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        report.check(
            log.bad.is_empty(),
            format_args!("{name}: {frames} frames and {marks} marks, all sound"),
        )?;
    }
    Ok(())
}
