//! Random transactions, committed to a bus and to the model side by side.

mod act;
mod pick;

use mmsb::{Branch, Bus, Epoch, Error, Rewound, Transaction};

use crate::{Model, ModelState, Rng, draft::Draft};

const TAGS: [&str; 4] = ["physics", "ai", "net", "input"];

/// What takes transactions.
pub trait Begin {
    /// Begins one.
    fn begin(&self) -> Transaction<'_>;
}

impl Begin for Bus {
    #[track_caller]
    fn begin(&self) -> Transaction<'_> {
        Bus::begin(self)
    }
}

impl Begin for Branch {
    #[track_caller]
    fn begin(&self) -> Transaction<'_> {
        Branch::begin(self)
    }
}

/// Makes up transactions, and knows what must come of them.
#[derive(Debug)]
pub struct Driver {
    rng: Rng,
    model: Model,
    label: u64,
}

impl Driver {
    /// Starts with an empty bus; the same seed does the same.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), model: Model::default(), label: 0 }
    }

    /// Goes another way from the state at `epoch` on, for a branch that begins there.
    ///
    /// # Panics
    /// If it lies ahead.
    #[must_use]
    pub fn fork(&self, epoch: Epoch, seed: u64) -> Self {
        Self { rng: Rng::new(seed), model: self.model.until(epoch), label: self.label }
    }

    /// Returns what the bus must hold by now.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Makes one transaction and commits it, drops it, or lets it be refused.
    ///
    /// # Panics
    /// If the bus answers anything but what the model expects.
    #[track_caller]
    pub fn step(&mut self, bus: &impl Begin) {
        let mut draft = Draft::new(self.model.newest());
        let mut tx = self.begin(bus, &mut draft);
        for _ in 0..self.rng.below(6) {
            self.act(&mut tx, &mut draft).expect("a change that fits its page");
        }
        match self.rng.below(20) {
            0 => drop(tx),
            1 => self.conflict(tx, &draft),
            _ => self.commit(tx, draft),
        }
    }

    /// Rewinds to one of the epochs there were, the newest `reach` ones.
    ///
    /// # Panics
    /// If the bus answers anything but what the model expects.
    #[track_caller]
    pub fn rewind(&mut self, bus: &Bus, reach: u64) -> Rewound {
        let newest = self.model.epoch();
        let back = self.rng.below(reach.min(newest.get()) as usize + 1) as u64;
        let target = Epoch::new(newest.get() - back);
        let rewound = bus.rewind(target).expect("a rewind to a state there was");
        assert_eq!((rewound.epoch, rewound.target), (newest.next(), target), "one epoch, to {target}");
        let mut state =
            ModelState { label: None, tag: Some("rewind".to_owned()), ..self.model.state(target).clone() };
        self.learn_epochs(bus, &rewound, &mut state);
        self.model.push(state);
        rewound
    }

    /// Takes over the epochs of the pages after a rewind to `state`, where each is one of the two that may be.
    #[track_caller]
    fn learn_epochs(&self, bus: &Bus, rewound: &Rewound, state: &mut ModelState) {
        for (&page, then) in &mut state.pages {
            let now = self.model.newest().pages.get(&page);
            let is_same = now.is_some_and(|now| now.bytes == then.bytes);
            let epoch = bus.page_epoch(page).expect("a page that lived then");
            // Bytes that went forth and back may be written again, or not: the state is the same.
            let kept = now.map(|now| now.epoch).filter(|_| is_same);
            assert!(epoch == rewound.epoch || Some(epoch) == kept, "{page} is of {epoch} after {rewound:?}");
            then.epoch = epoch;
        }
    }

    fn begin<'b>(&mut self, bus: &'b impl Begin, draft: &mut Draft) -> Transaction<'b> {
        let mut tx = bus.begin();
        if self.rng.once_in(2) {
            self.label += self.rng.below(3) as u64;
            (tx, draft.state.label) = (tx.label(self.label), Some(self.label.into()));
        }
        if self.rng.once_in(3) {
            let tag = self.rng.pick(&TAGS);
            (tx, draft.state.tag) = (tx.tag(tag), Some(tag.to_owned()));
        }
        tx
    }

    fn commit(&mut self, tx: Transaction<'_>, draft: Draft) {
        let taken = draft.has_name_twice();
        match tx.commit() {
            Err(Error::NameTaken { .. }) if taken => {}
            Ok(committed) if !taken => {
                assert_eq!(committed.epoch, self.model.epoch().next(), "epochs are dense");
                self.model.push(draft.finish(committed.epoch));
            }
            other => panic!("a name twice: {taken}; committing gave {other:?}"),
        }
    }

    /// Commits under a condition that cannot hold.
    fn conflict(&mut self, mut tx: Transaction<'_>, draft: &Draft) {
        let Some(page) = self.old_page(draft) else { return };
        let refused = tx.expect_epoch(page, Epoch::new(u64::MAX >> 8)).and_then(|()| tx.commit().map(drop));
        let expected = matches!(refused, Err(Error::Conflict { .. }))
            || draft.has_name_twice() && matches!(refused, Err(Error::NameTaken { .. }));
        assert!(expected, "an epoch that {page} never had was accepted: {refused:?}");
    }
}
