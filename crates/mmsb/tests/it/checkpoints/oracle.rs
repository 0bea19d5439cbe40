//! Any sequence of commits, checkpoints, tags, compactions and reopenings shows what the oracle says.

use mmsb::{Bus, Epoch, Retention};
use mmsb_testkit::{Driver, Rng, agree};

use super::{Disk, reachable};

/// One bus on its way.
struct Run {
    disk: Disk,
    bus: Option<Bus>,
    driver: Driver,
    rng: Rng,
    tag_count: u64,
}

impl Run {
    fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let disk = Disk::new();
        let bus = Some(disk.create());
        Self { disk, bus, driver: Driver::new(seed), rng: Rng::new(seed ^ 0xc4ec), tag_count: 0 }
    }

    fn bus(&self) -> &Bus {
        self.bus.as_ref().unwrap()
    }

    fn step(&mut self) {
        match self.rng.below(24) {
            0..=2 => self.checkpoint(),
            3 => self.compact(),
            4 => self.tag(),
            5 => self.untag(),
            6 => self.reopen(),
            7 => self.rewind(),
            _ => self.drive(|driver, bus| (0..3).for_each(|_| driver.step(bus))),
        }
    }

    fn drive(&mut self, act: impl FnOnce(&mut Driver, &Bus)) {
        act(&mut self.driver, self.bus.as_ref().unwrap());
    }

    fn rewind(&mut self) {
        let reach = self.driver.model().epoch().get() - self.bus().oldest().get();
        self.drive(|driver, bus| _ = driver.rewind(bus, reach.min(40)));
    }

    fn checkpoint(&mut self) {
        let made = self.bus().checkpoint().unwrap();
        assert_eq!(made.epoch, self.driver.model().epoch());
    }

    fn compact(&mut self) {
        let newest = self.driver.model().epoch().get();
        let keep = self.rng.below(60) as u64;
        let retention =
            if self.rng.once_in(3) { Retention::Bytes(keep << 10) } else { Retention::Epochs(keep) };
        let before = self.bus().oldest();
        let compacted = self.bus().compact_to(retention).unwrap();
        assert_eq!(compacted.oldest, self.bus().oldest());
        assert!(compacted.oldest >= before, "{compacted:?} after {before}");
        if matches!(retention, Retention::Epochs(_)) {
            assert!(compacted.oldest <= Epoch::new(newest.saturating_sub(keep)).max(before), "{compacted:?}");
        }
    }

    fn tag(&mut self) {
        let (oldest, newest) = (self.bus().oldest().get(), self.driver.model().epoch().get());
        let epoch = Epoch::new(oldest + self.rng.below((newest - oldest) as usize + 1) as u64);
        self.tag_count += 1;
        self.bus().tag(&format!("tag {}", self.tag_count), epoch).unwrap();
        agree::past(&self.bus().at_tag(&format!("tag {}", self.tag_count)).unwrap(), self.driver.model());
    }

    fn untag(&mut self) {
        let tags = self.bus().tags();
        if !tags.is_empty() {
            let tag = &tags[self.rng.below(tags.len())];
            self.bus().untag(&tag.name).unwrap();
        }
    }

    fn reopen(&mut self) {
        let bus = self.bus.take().unwrap();
        if self.rng.once_in(2) {
            bus.stop().unwrap();
        } else {
            drop(bus);
        }
        self.bus = Some(self.disk.open());
        agree::live(self.bus(), self.driver.model());
    }

    fn check(&self) {
        reachable(self.bus(), self.driver.model());
        reachable(&self.disk.read().unwrap(), self.driver.model());
    }
}

#[track_caller]
fn check(seed: u64, steps: usize) {
    let mut run = Run::new(seed);
    for step in 0..steps {
        run.step();
        if step % 40 == 39 {
            run.check();
        }
    }
    run.reopen();
    run.check();
}

#[test]
fn every_state_that_is_kept_is_what_the_oracle_says() {
    (0..8).for_each(|seed| check(seed, 80));
}
