//! How the stress's threads look at the bus: at a page, at several, at what was.

use mmsb::{Epoch, Error, PageId, Snapshot};

use super::thread::{Worker, lost};
use crate::linear::{Action, Seen};

impl Worker<'_> {
    pub(super) fn read(&mut self) {
        let (page, page_bytes) = self.pages.pick(&mut self.rng);
        let (began, bus) = (self.lane.begin(), self.bus);
        let seen = seen(page, page_bytes, |buffer| bus.read(page, 0, buffer));
        self.lane.end(began, Action::Read(seen));
    }

    pub(super) fn read_many(&mut self) {
        let pages: Vec<_> = (0..3).map(|_| self.pages.pick(&mut self.rng)).collect();
        let mut buffers: Vec<_> = pages.iter().map(|&(_, page_bytes)| vec![0; page_bytes]).collect();
        let reads = pages.iter().zip(&mut buffers);
        let mut reads: Vec<_> = reads.map(|(&(page, _), buffer)| (page, 0, buffer.as_mut_slice())).collect();
        let began = self.lane.begin();
        match self.bus.read_many(&mut reads) {
            Ok(epoch) => {
                let pages = pages.into_iter().zip(buffers);
                let seen = |((page, _), bytes)| Seen { page, epoch: None, offset: 0, bytes: Some(bytes) };
                self.lane.end(began, Action::View { epoch });
                self.lane.end(began, Action::Look { epoch, seen: pages.map(seen).collect() });
            }
            Err(error) => lost(error),
        }
    }

    pub(super) fn snapshot(&mut self) {
        let began = self.lane.begin();
        let snapshot = self.bus.snapshot();
        self.lane.end(began, Action::View { epoch: snapshot.epoch() });
        self.look(&snapshot);
        if self.rng.once_in(8) {
            self.pages.keep(snapshot, &mut self.rng);
        }
    }

    pub(super) fn look_back(&mut self) {
        if let Some(snapshot) = self.pages.kept(&mut self.rng) {
            self.look(&snapshot);
        }
    }

    /// Makes a branch now and then: it begins with a replay of the log.
    pub(super) fn branch(&mut self) {
        if !self.rng.once_in(64) {
            return;
        }
        let (began, base) = (self.lane.begin(), self.bus.epoch());
        let branch = self.bus.branch(base).expect("a branch of a state that is kept");
        let pages: Vec<_> = (0..4).map(|_| self.pages.pick(&mut self.rng)).collect();
        let changed = pages[0].0;
        if let Ok(page_bytes) = branch.page_bytes(changed) {
            let image = self.stamp(page_bytes as usize);
            branch.write(changed, 0, &image).expect("a write to a branch");
            let own = branch.with_page(changed, |bytes| bytes == image).expect("a page of the branch");
            assert!(own, "{changed} of a branch of {base} is not what was written there");
        }
        let others = pages.into_iter().filter(|(page, _)| *page != changed);
        let seen =
            others.map(|(page, page_bytes)| seen(page, page_bytes, |buffer| branch.read(page, 0, buffer)));
        let seen = seen.collect();
        self.lane.end(began, Action::Look { epoch: base, seen });
    }

    fn look(&mut self, snapshot: &Snapshot) {
        let (began, count) = (self.lane.begin(), 1 + self.rng.below(6));
        let pages: Vec<_> = (0..count).map(|_| self.pages.pick(&mut self.rng)).collect();
        let seen = |(page, page_bytes)| seen(page, page_bytes, |buffer| snapshot.read(page, 0, buffer));
        let seen = pages.into_iter().map(seen).collect();
        self.lane.end(began, Action::Look { epoch: snapshot.epoch(), seen });
    }
}

/// Reads a whole page, if it is there.
fn seen(page: PageId, page_bytes: usize, read: impl FnOnce(&mut [u8]) -> Result<Epoch, Error>) -> Seen {
    let mut bytes = vec![0; page_bytes];
    match read(&mut bytes) {
        Ok(epoch) => Seen { page, epoch: Some(epoch), offset: 0, bytes: Some(bytes) },
        Err(error) => {
            lost(error);
            Seen { page, epoch: Some(Epoch::ZERO), offset: 0, bytes: None }
        }
    }
}
