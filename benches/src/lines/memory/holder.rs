//! A thread that holds four snapshots at any time: each lives 200 ms, goes, and is taken again.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, ensure};
use mmsb::{Bus, Snapshot};
use mmsb_types::PageId;

use crate::{Random, Sample, clock::thread_time, pages::CHANGED_PAGE_BYTES};

const HELD: usize = 4;
const LIFE: Duration = Duration::from_millis(200);
/// Pages of each snapshot that are looked at when it is taken and when it goes.
const LOOKS: usize = 8;

/// The thread.
#[derive(Debug)]
pub struct Holder {
    stopping: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    thread: JoinHandle<Result<Held>>,
}

/// What the thread saw.
#[derive(Debug)]
pub struct Held {
    /// Processor time of every taking and dropping, in microseconds, and the longest by the wall.
    pauses: Vec<f64>,
    wall_max: Duration,
    aged: usize,
    taken: usize,
    last: Option<Taken>,
}

/// A snapshot, and some of its pages as they were when it was taken.
#[derive(Debug)]
struct Taken {
    snapshot: Snapshot,
    looks: Vec<(PageId, Vec<u8>)>,
}

impl Holder {
    /// Starts the thread on a bus of pages 1 to `pages`.
    pub fn start(bus: &Bus, pages: usize) -> Self {
        let (stopping, taken) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (bus, asked, counted) = (bus.clone(), Arc::clone(&stopping), Arc::clone(&taken));
        let thread = thread::spawn(move || hold(&bus, pages, &asked, &counted));
        Self { stopping, taken, thread }
    }

    /// Returns how many snapshots were taken so far.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Stops the thread and returns what it saw.
    pub fn stop(self) -> Result<Held> {
        self.stopping.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow!("the thread that holds snapshots panicked"))?
    }
}

impl Held {
    /// Returns the processor times of taking and dropping, in microseconds.
    pub fn sample(&self) -> Result<Sample> {
        Sample::of(self.pauses.clone())
    }

    /// Compares the newest snapshot, which may have aged by now, with what it was when it was taken.
    pub fn verify_aged(&self) -> Result<()> {
        self.last.as_ref().map_or(Ok(()), Taken::verify)
    }

    fn pause<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (wall, busy) = (Instant::now(), thread_time());
        let value = work();
        self.pauses.push((thread_time() - busy).as_secs_f64() * 1e6);
        self.wall_max = self.wall_max.max(wall.elapsed());
        value
    }

    fn drop_one(&mut self, taken: Taken) -> Result<()> {
        if taken.snapshot.is_aged() {
            // To read it, the whole log would be read.
            self.aged += 1;
        } else {
            taken.verify()?;
        }
        self.pause(|| drop(taken));
        Ok(())
    }
}

impl Taken {
    fn verify(&self) -> Result<()> {
        let mut now = vec![[0; CHANGED_PAGE_BYTES]; self.looks.len()];
        let pages = self.looks.iter().map(|(page, _)| *page);
        let mut reads: Vec<_> = pages.zip(&mut now).map(|(page, to)| (page, 0, &mut to[..])).collect();
        self.snapshot.read_many(&mut reads)?;
        for ((page, then), now) in self.looks.iter().zip(&now) {
            ensure!(then == now, "{page} of a snapshot at {} changed", self.snapshot.epoch());
        }
        Ok(())
    }
}

fn hold(bus: &Bus, pages: usize, stopping: &AtomicBool, counted: &AtomicUsize) -> Result<Held> {
    let (mut random, mut taken) = (Random::new(pages as u64), VecDeque::with_capacity(HELD));
    let mut held = Held { pauses: Vec::new(), wall_max: Duration::ZERO, aged: 0, taken: 0, last: None };
    while !stopping.load(Ordering::Relaxed) {
        if taken.len() == HELD {
            held.drop_one(taken.pop_front().expect("four are held"))?;
        }
        let snapshot = held.pause(|| bus.snapshot());
        taken.push_back(look(snapshot, pages, &mut random)?);
        held.taken += 1;
        counted.store(held.taken, Ordering::Relaxed);
        thread::sleep(LIFE / HELD as u32);
    }
    held.last = taken.pop_back();
    taken.into_iter().try_for_each(|taken| held.drop_one(taken))?;
    Ok(held)
}

/// Reads some pages, as long as that does not mean to read the log.
fn look(snapshot: Snapshot, pages: usize, random: &mut Random) -> Result<Taken> {
    let mut looks = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        let page = PageId::new(1 + random.below(pages) as u64);
        if !snapshot.is_aged() {
            looks.push((page, snapshot.with_page(page, <[u8]>::to_vec)?));
        }
    }
    Ok(Taken { snapshot, looks })
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wall = self.wall_max.as_secs_f64() * 1e6;
        let Self { taken, aged, .. } = self;
        write!(f, "{taken} snapshots, {aged} aged; taking or dropping one: {wall:.0} us at most by the wall")
    }
}
