//! The limits: files written and synced as directly as it can be.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::sync_channel,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::{Context, clock::Stopwatch};

/// Random bytes that are written over and over: enough that no disk finds what they have in common.
const POOL_BYTES: usize = 32 << 20;
/// Bytes of a call.
const CALL_BYTES: usize = 1 << 20;
/// The paced writer has so much synced at a time, as the log does.
const BEHIND_BYTES: u64 = 4 << 20;

/// What raw files are written from.
#[derive(Debug)]
pub struct Raw {
    pool: Vec<u8>,
}

impl Raw {
    /// Makes the bytes.
    pub fn new(context: &Context) -> Self {
        Self { pool: context.random().bytes(POOL_BYTES) }
    }

    /// Returns how long writing and syncing a file takes that was not there; the file stays.
    pub fn write_new(&self, path: &Path, bytes: u64) -> Result<Duration> {
        let watch = Stopwatch::start();
        let file = File::create_new(path).with_context(|| format!("making {}", path.display()))?;
        self.fill(&file, bytes)?;
        let took = watch.elapsed();
        self.verify(path, bytes)?;
        Ok(took)
    }

    /// As [`Raw::write_new`], over a file that has its blocks already.
    pub fn rewrite(&self, path: &Path, bytes: u64) -> Result<Duration> {
        ensure!(fs::metadata(path)?.len() >= bytes, "{} has too few blocks", path.display());
        let watch = Stopwatch::start();
        self.fill(&OpenOptions::new().write(true).open(path)?, bytes)?;
        let took = watch.elapsed();
        self.verify(path, bytes)?;
        Ok(took)
    }

    /// Returns how long writing so many bytes takes where each call is synced before the next; the file has its
    /// blocks already.
    pub fn write_synced(&self, path: &Path, bytes: u64) -> Result<Duration> {
        let file = OpenOptions::new().write(true).open(path)?;
        ensure!(file.metadata()?.len() >= bytes, "{} has too few blocks", path.display());
        let watch = Stopwatch::start();
        for (at, piece) in self.pieces(bytes) {
            file.write_all_at(piece, at)?;
            file.sync_data()?;
        }
        Ok(watch.elapsed())
    }

    /// Writes a new file at `bytes_per_second`, synced every 4 MiB beside the writing, until told to stop; returns
    /// how many bytes that were.
    pub fn write_paced(&self, path: &Path, bytes_per_second: f64, is_done: &AtomicBool) -> Result<u64> {
        let mut file = File::create_new(path)?;
        let syncs = file.try_clone()?;
        thread::scope(|scope| {
            // A sync that is asked for while one is under way is asked for again after the next piece.
            let (due, asked) = sync_channel(0);
            let syncing = scope.spawn(move || asked.iter().try_for_each(|()| syncs.sync_data()));
            let (start, mut written, mut synced) = (Instant::now(), 0, 0);
            for piece in self.pool.chunks_exact(CALL_BYTES).cycle() {
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
                file.write_all(piece)?;
                written += piece.len() as u64;
                if written - synced >= BEHIND_BYTES && due.try_send(()).is_ok() {
                    synced = written;
                }
                let due_at = Duration::from_secs_f64(written as f64 / bytes_per_second);
                // Not by sleeping: the log's writer has its processor to itself, too.
                while start.elapsed() < due_at && !is_done.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            }
            drop(due);
            syncing.join().expect("it does not panic")?;
            Ok(written)
        })
    }

    fn fill(&self, file: &File, bytes: u64) -> Result<()> {
        for (at, piece) in self.pieces(bytes) {
            file.write_all_at(piece, at)?;
        }
        Ok(file.sync_all()?)
    }

    /// Returns the pieces of a file of so many bytes, each with its place.
    fn pieces(&self, bytes: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let chunks = self.pool.chunks_exact(CALL_BYTES).cycle();
        let places = (0..bytes).step_by(CALL_BYTES).zip(chunks);
        places.map(move |(at, chunk)| (at, &chunk[..CALL_BYTES.min((bytes - at) as usize)]))
    }

    /// Looks at the file's end: what was written last is there.
    fn verify(&self, path: &Path, bytes: u64) -> Result<()> {
        let (at, piece) = self.pieces(bytes).last().context("nothing was written")?;
        let mut found = vec![0; piece.len()];
        File::open(path)?.read_exact_at(&mut found, at)?;
        ensure!(found == piece, "{} does not hold what was written", path.display());
        Ok(())
    }
}

/// Removes a file, and waits until the disk knows.
pub fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path)?;
    let folder = path.parent().context("a file is in a folder")?;
    Ok(File::open(folder)?.sync_all()?)
}
