//! A file being made beside a writer, and the proof that it was beside.
//!
//! Making a checkpoint takes several threads, on any processor, so that one of them waited for a processor proves
//! nothing. What does: how long both were at work, and how much the machine worked for others meanwhile.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use crate::{
    clock::{process_time, steal_time, work_time},
    pin::{panicked, pin, processors},
    together::NotAtOnce,
};

/// Of the time from the first start to the last end, both must be at work for this share.
const OVERLAP_MIN: f64 = 0.9;
/// Of the processors' time, others may take this share: the kernel's own threads are among them.
const OTHERS_MAX: f64 = 0.15;
/// Runs that may be thrown away for each that counts; they take seconds each.
const DISCARDS_MAX: u32 = 3;

/// When the two sides began and ended, and what others took.
#[derive(Clone, Copy, Debug)]
pub struct AtOnce {
    file: [Instant; 2],
    writer: [Instant; 2],
    /// The share of the processors' time that other processes and other machines had.
    others: f64,
}

impl AtOnce {
    /// Runs both at once, the writer on a processor of its own.
    pub fn run<F: Send, W: Send>(
        processor: usize,
        file: impl FnOnce() -> Result<F> + Send,
        writer: impl FnOnce() -> Result<W> + Send,
    ) -> Result<(Self, F, W)> {
        let barrier = Barrier::new(2);
        let (start, before) = (Instant::now(), [work_time()?, process_time(), steal_time()?]);
        let (file, writer) = thread::scope(|scope| {
            let file = scope.spawn(|| part(&barrier, Ok(()), file));
            let writer = scope.spawn(|| part(&barrier, pin(processor), writer));
            let file = file.join().unwrap_or_else(|cause| Err(panicked(&*cause)));
            (file, writer.join().unwrap_or_else(|cause| Err(panicked(&*cause))))
        });
        let [work, own, steal] = [work_time()?, process_time(), steal_time()?];
        let took = |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64();
        let others = (took(work, before[0]) - took(own, before[1])).max(0.0) + took(steal, before[2]);
        let all = processors()?.len() as f64 * start.elapsed().as_secs_f64();
        let ((file, made), (writer, wrote)) = (file?, writer?);
        Ok((Self { file, writer, others: others / all }, made, wrote))
    }

    /// Returns how long the file took, in seconds.
    pub fn file(&self) -> f64 {
        (self.file[1] - self.file[0]).as_secs_f64()
    }

    /// Returns how long the writer wrote, in seconds.
    pub fn writer(&self) -> f64 {
        (self.writer[1] - self.writer[0]).as_secs_f64()
    }

    fn verify(&self) -> Result<()> {
        let [from, to] = [self.file[0].max(self.writer[0]), self.file[1].min(self.writer[1])];
        let all = self.file[1].max(self.writer[1]) - self.file[0].min(self.writer[0]);
        let share = to.saturating_duration_since(from).as_secs_f64() / all.as_secs_f64();
        ensure!(share >= OVERLAP_MIN, "both were at work for only {share:.2} of the time");
        ensure!(self.others <= OTHERS_MAX, "others took {:.2} of the processors", self.others);
        Ok(())
    }
}

/// Repeats `run` until one counts; returns what it returned then, and how many were thrown away.
///
/// # Errors
/// Those of `run`; [`NotAtOnce`] if none of four counts, with why the last one did not.
pub fn verified<T>(mut run: impl FnMut() -> Result<(AtOnce, T)>) -> Result<(AtOnce, T, u32)> {
    let mut discarded = 0;
    loop {
        let (done, value) = run()?;
        match done.verify() {
            Ok(()) => return Ok((done, value, discarded)),
            Err(why) if discarded == DISCARDS_MAX => return Err(NotAtOnce::new(why.to_string()).into()),
            Err(_) => discarded += 1,
        }
    }
}

fn part<T>(
    barrier: &Barrier,
    pinned: Result<()>,
    work: impl FnOnce() -> Result<T>,
) -> Result<([Instant; 2], T)> {
    // Everyone passes the barrier, or the other thread would wait for ever.
    barrier.wait();
    pinned?;
    let start = Instant::now();
    let value = work()?;
    Ok(([start, Instant::now()], value))
}
