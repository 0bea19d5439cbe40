//! Histories by index against one pass over the whole log.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use mmsb_tlog::vfs::{Access, MemoryVfs, Vfs};
use mmsb_types::{Durability, Epoch, PageId};

use super::{Change, track::Track};
use crate::{Bus, CheckpointEvery, Error, Retention, journal::Origin};

/// The changes of a page, newest first, found by looking at every commit.
fn scanned(bus: &Bus, page: PageId) -> Result<Vec<Change>, Error> {
    let load = |origin: Origin| {
        let state = origin.pages(&[page])?.remove(&page);
        Ok((state.map(|state| state.bytes.to_vec()), origin.heading().texts.clone()))
    };
    let ((image, mut texts), mut pass) = bus.journal().oldest_start(bus.epoch(), load)?;
    let (lived, mut track, mut changes) = (image.is_some(), Track::new(page, image), Vec::new());
    let learn = |commit: &mmsb_tlog::Commit<'_>, texts: &mut _| {
        crate::info::source(commit.frame.sections, texts).map(drop)
    };
    while let Some(change) = pass.visit(|commit| {
        learn(commit, &mut texts)?;
        Ok(track.step(commit, &mut texts)?)
    })? {
        changes.extend(change);
    }
    changes.reverse();
    if changes.is_empty() && !lived {
        return Err(Error::PageNotFound { page, epoch: bus.epoch() });
    }
    Ok(changes)
}

#[track_caller]
fn check(bus: &Bus, pages: u64) {
    for page in (1..=pages).map(PageId::new) {
        let found = bus.history(page).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        match (found, scanned(bus, page)) {
            (Ok(found), Ok(expected)) => {
                assert_eq!(found.len(), expected.len(), "{page} at {}", bus.epoch());
                assert!(found == expected, "{page} at {}", bus.epoch());
            }
            (Err(Error::PageNotFound { .. }), Err(Error::PageNotFound { .. })) => {}
            told => {
                let (found, expected) = (told.0.map(|all| all.len()), told.1.map(|all| all.len()));
                panic!("{page}: {found:?} instead of {expected:?}")
            }
        }
    }
}

/// Pages come and go; one of them is written by every commit, one by few.
struct Life {
    bus: Bus,
    alive: Vec<PageId>,
    seed: u64,
    page_count: u64,
}

impl Life {
    fn new(bus: Bus, seed: u64) -> Self {
        println!("seed {seed}");
        let mut life = Self { bus, alive: Vec::new(), seed: seed * 2 + 1, page_count: 0 };
        (0..12).for_each(|_| life.create());
        life
    }

    fn any(&mut self, end: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed % end as u64) as usize
    }

    fn create(&mut self) {
        let bytes = 1 + self.any(90);
        self.alive.push(self.bus.create_page(None, bytes).unwrap());
        self.page_count += 1;
    }

    fn step(&mut self) {
        let tag = ["a", "b", "c"][self.any(3)];
        let mut picked: Vec<_> = (0..self.any(3)).map(|_| 1 + self.any(self.alive.len() - 1)).collect();
        picked.push(0);
        let value = self.any(200) as u8;
        let mut tx = self.bus.begin().durability(Durability::Volatile).tag(tag);
        for index in picked {
            tx.write(self.alive[index], 0, [value]).unwrap();
        }
        tx.commit().unwrap();
        match self.any(60) {
            0 => self.create(),
            1 if self.alive.len() > 3 => {
                let index = 1 + self.any(self.alive.len() - 1);
                self.bus.delete_page(self.alive.remove(index)).unwrap();
            }
            2 => {
                let back = 1 + self.any(30) as u64;
                let target = self.bus.epoch().get().saturating_sub(back).max(self.bus.oldest().get());
                self.bus.rewind(Epoch::new(target)).unwrap();
                let living: BTreeSet<_> = self.bus.pages().collect();
                self.alive.retain(|page| living.contains(page));
                while self.alive.len() < 3 {
                    self.create();
                }
            }
            _ => {}
        }
    }
}

fn on_disk() -> crate::Builder {
    Bus::builder().segment_bytes(32 << 10).checkpoint_every(CheckpointEvery::NEVER).checkpoint_on_stop(None)
}

#[test]
fn the_index_finds_what_a_pass_finds() {
    for seed in 1..=3 {
        let vfs = Arc::new(MemoryVfs::new());
        let bus = on_disk().create_on(vfs.clone(), Path::new("bus")).unwrap();
        let mut life = Life::new(bus, seed);
        for turn in 0..900 {
            life.step();
            if turn % 97 == 0 && seed % 3 > 0 {
                life.bus.checkpoint().unwrap();
            }
            if turn % 300 == 299 {
                check(&life.bus, life.page_count + 2);
            }
            if turn == 650 && seed % 3 == 2 {
                life.bus.compact_to(Retention::Epochs(300)).unwrap();
                check(&life.bus, life.page_count + 2);
            }
        }
        let (page_count, reader) = (life.page_count, on_disk().read_on(vfs.clone(), Path::new("bus")));
        check(&reader.unwrap(), page_count);
        life.bus.stop().unwrap();
        let bus = on_disk().open_on(vfs.clone(), Path::new("bus")).unwrap();
        check(&bus, page_count);
    }
}

#[test]
fn so_it_is_in_memory_where_the_log_gives_up_its_beginning() {
    let bus = Bus::builder().history_bytes(64 << 10).in_memory().unwrap();
    let mut life = Life::new(bus, 77);
    for turn in 0..3000 {
        life.step();
        if turn % 750 == 749 {
            check(&life.bus, life.page_count);
        }
    }
    assert!(life.bus.oldest().get() > 500);
}

#[test]
fn a_checkpoint_that_cannot_be_read_is_passed_over() {
    let vfs = Arc::new(MemoryVfs::new());
    let mut life = Life::new(on_disk().create_on(vfs.clone(), Path::new("bus")).unwrap(), 5);
    let mut epochs = Vec::new();
    for turn in 0..400 {
        life.step();
        if turn % 100 == 30 {
            epochs.push(life.bus.checkpoint().unwrap().epoch);
        }
    }
    for epoch in epochs.iter().rev().take(2) {
        let path = life.bus.journal().dir().checkpoint_path(epoch.get());
        vfs.open(&path, Access::ReadWrite).unwrap().write_at(8, &[0xff; 200]).unwrap();
        check(&life.bus, life.page_count);
    }
}
