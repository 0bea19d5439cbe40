//! What the stress's threads do.

use mmsb::{Epoch, Error};

use super::{
    Deed, PAGE_BYTES,
    thread::{Attempt, Worker, lost},
};
use crate::linear::{Action, Change};

impl<'a> Worker<'a> {
    /// Does one thing.
    pub(super) fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Write => self.write_some(),
            Deed::Fill => self.fill(),
            Deed::Many => self.commit_many(),
            Deed::WriteAll => self.write_all(),
            Deed::Transfer => self.transfer(),
            Deed::Capture => self.capture(),
            Deed::Create => self.create(),
            Deed::Delete => self.delete(),
            Deed::Read => self.read(),
            Deed::ReadMany => self.read_many(),
            Deed::Snapshot => self.snapshot(),
            Deed::LookBack => self.look_back(),
            Deed::Branch => self.branch(),
            Deed::Rewind => self.rewind(),
        }
    }

    fn fill(&mut self) {
        let mut attempt = self.begin();
        let (page, page_bytes) = self.pages.pick(&mut self.rng);
        let bytes = self.stamp(page_bytes);
        let written = attempt.write(page, 0, bytes);
        self.finish(attempt, written);
    }

    /// Goes back a little, now and then: everybody waits for it.
    fn rewind(&mut self) {
        if !self.rng.once_in(8) {
            return;
        }
        let back = 1 + self.rng.below(40) as u64;
        let to = Epoch::new(self.bus.epoch().get().saturating_sub(back)).max(self.oldest);
        let began = self.lane.begin();
        let rewound = self.bus.rewind(to).expect("a rewind to a state that is kept");
        self.lane.end(began, Action::Rewind { epoch: rewound.epoch, to });
    }

    fn write_some(&mut self) {
        let mut attempt = self.begin();
        let written = (0..1 + self.rng.below(4)).try_for_each(|_| self.write_one(&mut attempt));
        self.finish(attempt, written);
    }

    fn transfer(&mut self) {
        let mut attempt = self.begin();
        let mut done = (0..1 + self.rng.below(3)).try_for_each(|_| {
            let (page, page_bytes) = self.pages.pick(&mut self.rng);
            attempt.read(page, page_bytes)
        });
        done = done.and_then(|()| self.write_one(&mut attempt));
        self.finish(attempt, done);
    }

    /// Each transaction is a commit of its own; behind one that lost a race, none is.
    fn commit_many(&mut self) {
        let began = self.lane.begin();
        let attempts: Vec<_> = (0..2 + self.rng.below(6)).filter_map(|_| self.short_attempt()).collect();
        let (transactions, notes): (Vec<_>, Vec<_>) =
            attempts.into_iter().map(|attempt| (attempt.tx, attempt.changes)).unzip();
        let committed = self.bus.commit_many(transactions).unwrap_or_else(|many| {
            lost(many.source);
            many.committed
        });
        for (committed, changes) in committed.into_iter().zip(notes) {
            self.lane.end(began, Action::Commit { epoch: committed.epoch, reads: Vec::new(), changes });
        }
    }

    /// Returns a transaction of a few writes, unless it lost a race already.
    fn short_attempt(&mut self) -> Option<Attempt<'a>> {
        let mut attempt = self.begin();
        let written = (0..1 + self.rng.below(3)).try_for_each(|_| self.write_one(&mut attempt));
        written.map_err(lost).ok().map(|()| attempt)
    }

    fn write_all(&mut self) {
        let mut attempt = self.begin();
        let pages = self.pages;
        let written = pages.stable.iter().try_for_each(|&(page, page_bytes)| {
            let (offset, len) = self.span(page_bytes.min(64));
            let bytes = self.stamp(len);
            attempt.write(page, offset, bytes)
        });
        self.finish(attempt, written);
    }

    fn create(&mut self) {
        let (mut attempt, page_bytes) = (self.begin(), self.rng.pick(&PAGE_BYTES));
        let page = attempt.tx.create_page(None, page_bytes).expect("a page");
        attempt.changes.push(Change::Created { page, page_bytes });
        let bytes = self.stamp(page_bytes);
        attempt.write(page, 0, bytes).expect("a write to a page just created");
        if self.commit(attempt) {
            self.pages.push(page, page_bytes);
        }
    }

    fn delete(&mut self) {
        let Some(page) = self.pages.take(&mut self.rng) else { return };
        let mut attempt = self.begin();
        let deleted = attempt.tx.delete_page(page);
        attempt.changes.push(Change::Deleted(page));
        self.finish(attempt, deleted);
    }

    fn capture(&mut self) {
        let (page, page_bytes) = self.pages.pick(&mut self.rng);
        let (mut attempt, image) = (self.begin(), self.stamp(page_bytes));
        let captured = attempt.tx.capture(page, &image);
        attempt.changes.push(Change::Written { page, offset: 0, bytes: image });
        self.finish(attempt, captured);
    }

    fn write_one(&mut self, attempt: &mut Attempt<'_>) -> Result<(), Error> {
        let (page, page_bytes) = self.pages.pick(&mut self.rng);
        let (offset, len) = self.span(page_bytes);
        let bytes = self.stamp(len);
        attempt.write(page, offset, bytes)
    }

    /// Commits what could be done; drops what met a deleted page.
    fn finish(&mut self, attempt: Attempt<'a>, done: Result<(), Error>) {
        match done {
            Ok(()) => {
                self.commit(attempt);
            }
            Err(error) => lost(error),
        }
    }
}
