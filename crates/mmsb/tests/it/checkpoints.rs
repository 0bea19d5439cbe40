//! Checkpoints: what a bus opens from, looks back with, and what may go because of them.

mod automatic;
mod crashes;
mod damage;
mod making;
mod oracle;
mod retention;
mod tags;
mod threads;

use std::{path::Path, sync::Arc};

use mmsb::{
    Builder, Bus, CheckpointEvery, Error, PageId,
    vfs::{MemoryVfs, Vfs},
};
use mmsb_testkit::{Model, agree};
use mmsb_tlog::{LogDir, Manifest};

/// A bus on a disk in memory, that makes no checkpoint unless asked.
pub struct Disk {
    pub vfs: Arc<MemoryVfs>,
}

impl Disk {
    pub fn new() -> Self {
        Self { vfs: Arc::new(MemoryVfs::new()) }
    }

    pub fn path() -> &'static Path {
        Path::new("bus")
    }

    /// A bus with segments of 64 KiB.
    pub fn builder() -> Builder {
        Bus::builder()
            .segment_bytes(64 << 10)
            .checkpoint_every(CheckpointEvery::NEVER)
            .checkpoint_on_stop(None)
    }

    pub fn create(&self) -> Bus {
        Self::builder().create_on(self.vfs.clone(), Self::path()).unwrap()
    }

    /// A bus with one page that was written so many times before each of its checkpoints.
    pub fn checkpointed(&self, checkpoints: u64, commits: u64) -> (Bus, PageId) {
        let bus = self.create();
        let page = bus.create_page(None, 4000).unwrap();
        for _ in 0..checkpoints {
            fill_log(&bus, page, commits);
            bus.checkpoint().unwrap();
        }
        (bus, page)
    }

    #[track_caller]
    pub fn open(&self) -> Bus {
        self.try_open().unwrap()
    }

    fn try_open(&self) -> Result<Bus, Error> {
        Self::builder().open_on(self.vfs.clone(), Self::path())
    }

    fn read(&self) -> Result<Bus, Error> {
        Self::builder().read_on(self.vfs.clone(), Self::path())
    }

    pub fn manifest(&self) -> Arc<Manifest> {
        LogDir::open(self.vfs.clone(), Self::path()).unwrap().manifest()
    }

    /// Flips a bit in the middle of a file.
    pub fn damage(&self, name: &str) {
        let path = Self::path().join(name);
        let file = self.vfs.open(&path, mmsb::vfs::Access::ReadWrite).unwrap();
        let (at, mut byte) = (file.len().unwrap() / 2, [0]);
        file.read_at(at, &mut byte).unwrap();
        file.write_at(at, &[byte[0] ^ 1]).unwrap();
    }

    pub fn files(&self) -> Vec<String> {
        self.vfs.list(Self::path()).unwrap()
    }
}

/// Asserts that every state that can be shown is the model's, and that no other can.
#[track_caller]
fn reachable(bus: &Bus, model: &Model) {
    agree::live(bus, model);
    let (oldest, tags) = (bus.oldest(), bus.tags());
    for (epoch, _) in model.states() {
        let is_tagged = tags.iter().any(|tag| tag.epoch == epoch);
        match bus.at(epoch) {
            Ok(past) if epoch >= oldest || is_tagged => agree::past(&past, model),
            // What a tagged state builds on is there, too.
            Ok(past) => agree::past(&past, model),
            Err(Error::HistoryGone { asked, oldest: told }) => {
                assert_eq!((asked, told), (epoch, oldest));
                assert!(epoch < oldest && !is_tagged, "{epoch} of {oldest}, {tags:?}");
            }
            Err(error) => panic!("{epoch} of {oldest}: {error}"),
        }
    }
    let mut commits = bus.commits().unwrap();
    assert!((oldest.get() + 1..=model.epoch().get()).all(|epoch| {
        let info = commits.next().unwrap().unwrap();
        let expected = model.state(info.epoch);
        info.epoch.get() == epoch && info.label == expected.label && info.source.tag == expected.tag
    }));
    assert!(commits.next().is_none());
    assert_eq!(bus.check(), [], "violations");
}

/// Writes to a page so often that the log fills some segments: a kilobyte a commit.
pub fn fill_log(bus: &Bus, page: PageId, commits: u64) {
    for turn in 0..commits {
        bus.write(page, (turn % 7) as u32 * 100, varied(turn as usize)).unwrap();
    }
}

/// Bytes that no frame stores shorter.
pub fn varied(turn: usize) -> [u8; 1000] {
    std::array::from_fn(|at| (at * 7 + turn) as u8)
}
