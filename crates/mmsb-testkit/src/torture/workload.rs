//! What is done to a bus on a simulated disk, and what the bus promised, and when.
//!
//! Invariant: a promise counts from the disk's call count at which it was heard: every later power cut must
//! leave it kept.

use std::{path::Path, sync::Arc};

use mmsb::{
    Builder, Bus, CheckpointEvery, Durability, Epoch, Error, Retention, Transaction,
    vfs::{FaultyVfs, faulty::Moment},
};

use crate::{Begin, Driver, Model, Rng};

/// Where the bus is on its disk.
pub const PATH: &str = "bus";

/// Segments so short that a workload fills many.
const SEGMENT_BYTES: u64 = 24 << 10;
/// A state mark behind so many commits.
const STATE_HASH_EVERY: u64 = 5;

/// A seeded stretch of work.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Chooses everything.
    pub seed: u64,
    /// Transactions, rewinds and whatever else.
    pub operations: u64,
    /// Whether it ends the bus on purpose.
    pub stops: bool,
}

/// What a workload did, and what came of it.
#[derive(Debug)]
pub struct Run {
    /// What was done.
    pub workload: Workload,
    /// What the bus must hold, at every epoch.
    pub model: Model,
    /// Its disk, as it was at the end.
    pub disk: FaultyVfs,
    /// The disk after each change.
    pub moments: Vec<Moment>,
    /// What was promised to survive, from which call on; both rise.
    promises: Vec<(u64, Epoch)>,
    /// What was promised to survive the death of the process alone; likewise.
    written: Vec<(u64, Epoch)>,
    /// What was begun, after which call; both rise.
    begun: Vec<(u64, Epoch)>,
    /// Why it ended early.
    pub error: Option<Error>,
}

/// The settings of every bus that is tortured: little memory, small files, no chance.
#[must_use]
pub fn builder(seed: u64) -> Builder {
    let mut id = [0x5a; 16];
    id[..8].copy_from_slice(&seed.to_le_bytes());
    Bus::builder()
        .ring_bytes(0)
        .segment_bytes(SEGMENT_BYTES)
        .prewrite(false)
        .without_threads()
        .checkpoint_every(CheckpointEvery::NEVER)
        .checkpoint_on_stop(None)
        .instance_id(id)
}

/// The settings of a bus that also tells the hashes of its states, and, in some of its lives, writes zeros ahead.
fn telling(seed: u64, life: u64) -> Builder {
    builder(seed).state_hash_every(STATE_HASH_EVERY).prewrite((seed ^ life) & 1 == 1)
}

/// A rewind goes no further back, so that retention need not be asked.
const REWIND_MAX: u64 = 20;
/// More tags than these are not kept.
const TAGS_MAX: usize = 4;

/// Names a state, and forgets another one if there are many.
fn tag(bus: &Bus, rng: &mut Rng) -> Result<(), Error> {
    let tags = bus.tags();
    if tags.len() >= TAGS_MAX {
        bus.untag(&rng.pick(&tags).name)?;
    }
    let (oldest, newest) = (bus.oldest().get(), bus.epoch().get());
    let epoch = oldest + rng.below((newest - oldest + 1) as usize) as u64;
    let name = format!("tag-{:x}", rng.any());
    match bus.tag(&name, Epoch::new(epoch)) {
        // Between a tag and the states that are kept there may be none.
        Err(Error::HistoryGone { .. }) => Ok(()),
        tagged => tagged,
    }
}

/// A bus whose transactions promise so much.
struct Promising<'b>(&'b Bus, Durability);

impl Begin for Promising<'_> {
    fn begin(&self) -> Transaction<'_> {
        self.0.begin().durability(self.1)
    }
}

impl Workload {
    /// Does it on a disk, which may be planned to fail.
    ///
    /// # Panics
    /// If the bus does what the model does not expect.
    #[must_use]
    pub fn run(self, disk: &FaultyVfs) -> Run {
        let mut run = Run {
            workload: self,
            model: Model::default(),
            disk: disk.clone(),
            moments: Vec::new(),
            promises: Vec::new(),
            written: Vec::new(),
            begun: Vec::new(),
            error: None,
        };
        let mut driver = Driver::with_short_pages(self.seed);
        run.error = self.work(disk, &mut driver, &mut run).err();
        run.model = driver.model().clone();
        run.moments = disk.take_moments();
        run
    }

    fn work(self, disk: &FaultyVfs, driver: &mut Driver, run: &mut Run) -> Result<(), Error> {
        let mut rng = Rng::new(self.seed ^ 0x70a7);
        let vfs = || Arc::new(disk.clone());
        let mut bus = telling(self.seed, 0).create_on(vfs(), Path::new(PATH))?;
        run.promise(Epoch::ZERO);
        for _ in 0..self.operations {
            run.begun.push((disk.call_count(), driver.model().epoch().next()));
            match rng.below(100) {
                0 => {
                    bus = self.reopen(bus, disk, &mut rng)?;
                    if bus.epoch() != driver.model().epoch() {
                        // Who drops a bus does not hear that its last commits could not be written.
                        assert!(disk.failure_count() > 0, "{} after reopening, unasked", bus.epoch());
                        return Ok(());
                    }
                }
                1 | 2 => drop(driver.try_rewind(&bus, REWIND_MAX)?),
                3 | 4 => drop(bus.checkpoint()?),
                5 => drop(bus.compact_to(Retention::Epochs(REWIND_MAX + rng.below(80) as u64))?),
                6 => tag(&bus, &mut rng)?,
                _ => run.commit(&bus, driver, &mut rng)?,
            }
            run.promise(bus.stats().log.durable);
        }
        if self.stops {
            bus.stop()?;
            run.promise(driver.model().epoch());
        }
        Ok(())
    }
}

impl Workload {
    /// Ends the bus, on purpose or by dropping it, and opens it again.
    fn reopen(self, bus: Bus, disk: &FaultyVfs, rng: &mut Rng) -> Result<Bus, Error> {
        if rng.once_in(2) {
            bus.stop()?;
        } else {
            drop(bus);
        }
        let (on_stop, life) = (rng.once_in(2).then_some(1), rng.any());
        telling(self.seed, life).checkpoint_on_stop(on_stop).open_on(Arc::new(disk.clone()), Path::new(PATH))
    }
}

impl Run {
    /// Returns what a power cut after the call must leave; `None` while nothing was promised.
    #[must_use]
    pub fn promised_at(&self, call: u64) -> Option<Epoch> {
        newest(&self.promises, call)
    }

    /// Returns what the death of the process after the call must leave; `None` while nothing was promised.
    #[must_use]
    pub fn written_at(&self, call: u64) -> Option<Epoch> {
        newest(&self.written, call).max(self.promised_at(call))
    }

    /// Returns the newest state that there may be after the call.
    #[must_use]
    pub fn begun_at(&self, call: u64) -> Epoch {
        newest(&self.begun, call).unwrap_or(Epoch::ZERO).min(self.model.epoch())
    }

    fn promise(&mut self, epoch: Epoch) {
        if self.promises.last().is_none_or(|&(_, promised)| promised < epoch) {
            self.promises.push((self.disk.call_count(), epoch));
        }
    }

    fn commit(&mut self, bus: &Bus, driver: &mut Driver, rng: &mut Rng) -> Result<(), Error> {
        use Durability::{Synced, Volatile, Written};
        let durability = rng.pick(&[Volatile, Volatile, Written, Written, Written, Synced, Synced, Synced]);
        let committed = driver.try_step(&Promising(bus, durability))?;
        if let Some(committed) = committed {
            self.heard(committed.epoch, committed.reached);
        }
        Ok(())
    }

    fn heard(&mut self, epoch: Epoch, reached: Durability) {
        if reached >= Durability::Written {
            self.written.push((self.disk.call_count(), epoch));
        }
        if reached == Durability::Synced {
            self.promise(epoch);
        }
    }
}

/// Returns the last of what rises that was there at the call.
fn newest(told: &[(u64, Epoch)], call: u64) -> Option<Epoch> {
    let count = told.partition_point(|&(from, _)| from <= call);
    count.checked_sub(1).map(|last| told[last].1)
}
