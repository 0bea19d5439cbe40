//! Random transactions, committed to a bus and to the model side by side.

mod act;
mod graph;
mod pick;

use mmsb::{Branch, Bus, Committed, Epoch, Error, Rewound, Transaction};

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
    /// Whether some pages are too long for the ring.
    has_long_pages: bool,
}

impl Driver {
    /// Starts with an empty bus; the same seed does the same.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::new(seed), model: Model::default(), label: 0, has_long_pages: true }
    }

    /// Starts with an empty bus, and makes none but short pages.
    #[must_use]
    pub fn with_short_pages(seed: u64) -> Self {
        Self { has_long_pages: false, ..Self::new(seed) }
    }

    /// Starts with an empty bus, makes none but short pages, and chooses as the bytes tell.
    #[must_use]
    pub fn steered(bytes: &[u8]) -> Self {
        Self { rng: Rng::steered(bytes), ..Self::with_short_pages(0) }
    }

    /// Goes another way from the state at `epoch` on, for a branch that begins there.
    ///
    /// # Panics
    /// If it lies ahead.
    #[must_use]
    pub fn fork(&self, epoch: Epoch, seed: u64) -> Self {
        Self { rng: Rng::new(seed), model: self.model.until(epoch), ..*self }
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
        self.try_step(bus).expect("a disk that does not fail");
    }

    /// As [`Driver::step`], on a disk that may fail: the model then holds what the commit may have made.
    ///
    /// # Errors
    /// What the bus answers to a change or a commit that the model expects to succeed.
    ///
    /// # Panics
    /// If the bus accepts what the model expects to be refused.
    #[track_caller]
    pub fn try_step(&mut self, bus: &impl Begin) -> Result<Option<Committed>, Error> {
        let mut draft = Draft::new(self.model.newest());
        let mut tx = self.begin(bus, &mut draft);
        for _ in 0..self.rng.below(6) {
            // What comes behind a refused edge might make it fit.
            if !draft.has_cycle {
                self.act(&mut tx, &mut draft)?;
            }
        }
        match self.rng.below(20) {
            0 => Ok(None),
            1 => self.conflict(tx, &draft).map(|()| None),
            _ => self.commit(tx, draft),
        }
    }

    /// Rewinds to one of the epochs there were, the newest `reach` ones.
    ///
    /// # Panics
    /// If the bus answers anything but what the model expects.
    #[track_caller]
    pub fn rewind(&mut self, bus: &Bus, reach: u64) -> Rewound {
        self.try_rewind(bus, reach).expect("a rewind to a state there was")
    }

    /// As [`Driver::rewind`], on a disk that may fail: the model then holds what the rewind may have made.
    ///
    /// # Errors
    /// What the bus answers.
    ///
    /// # Panics
    /// If it makes another epoch, or other pages, than the model expects.
    #[track_caller]
    pub fn try_rewind(&mut self, bus: &Bus, reach: u64) -> Result<Rewound, Error> {
        let newest = self.model.epoch();
        let back = self.rng.below(reach.min(newest.get()) as usize + 1) as u64;
        let target = Epoch::new(newest.get() - back);
        let rewound = bus.rewind(target);
        let epoch = match &rewound {
            Ok(rewound) => {
                assert_eq!(
                    (rewound.epoch, rewound.target),
                    (newest.next(), target),
                    "one epoch, to {target}"
                );
                rewound.epoch
            }
            Err(Error::OutcomeUnknown { epoch, .. }) => *epoch,
            Err(_) => return rewound,
        };
        let mut state =
            ModelState { label: None, tag: Some("rewind".to_owned()), ..self.model.state(target).clone() };
        self.learn_epochs(bus, epoch, &mut state);
        self.model.push(state);
        rewound
    }

    /// Takes over the epochs of the pages after a rewind to `state`, where each is one of the two that may be.
    #[track_caller]
    fn learn_epochs(&self, bus: &Bus, rewound: Epoch, state: &mut ModelState) {
        for (&page, then) in &mut state.pages {
            let now = self.model.newest().pages.get(&page);
            let is_same = now.is_some_and(|now| now.bytes == then.bytes);
            let epoch = bus.page_epoch(page).expect("a page that lived then");
            // Bytes that went forth and back may be written again, or not: the state is the same.
            let kept = now.map(|now| now.epoch).filter(|_| is_same);
            assert!(
                epoch == rewound || Some(epoch) == kept,
                "{page} is of {epoch} after the rewind {rewound}"
            );
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

    #[track_caller]
    fn commit(&mut self, tx: Transaction<'_>, draft: Draft) -> Result<Option<Committed>, Error> {
        let (cyclic, taken) = (draft.has_cycle, draft.has_name_twice());
        let fits = !cyclic && !taken;
        match tx.commit() {
            Err(Error::Cycle { .. }) if cyclic => Ok(None),
            Err(Error::NameTaken { .. }) if taken => Ok(None),
            Ok(committed) if fits => {
                assert_eq!(committed.epoch, self.model.epoch().next(), "epochs are dense");
                self.model.push(draft.finish(committed.epoch));
                Ok(Some(committed))
            }
            Err(Error::OutcomeUnknown { epoch, source }) if fits => {
                assert_eq!(epoch, self.model.epoch().next(), "epochs are dense");
                self.model.push(draft.finish(epoch));
                Err(Error::OutcomeUnknown { epoch, source })
            }
            Err(error) if !matches!(error, Error::NameTaken { .. } | Error::Cycle { .. }) => Err(error),
            other => panic!("a name twice: {taken}, a cycle: {cyclic}; committing gave {other:?}"),
        }
    }

    /// Commits under a condition that cannot hold.
    fn conflict(&mut self, mut tx: Transaction<'_>, draft: &Draft) -> Result<(), Error> {
        let Some(page) = self.old_page(draft) else { return Ok(()) };
        let refused = tx.expect_epoch(page, Epoch::new(u64::MAX >> 8)).and_then(|()| tx.commit().map(drop));
        match refused {
            Err(Error::Conflict { .. }) => Ok(()),
            Err(Error::NameTaken { .. }) if draft.has_name_twice() => Ok(()),
            Err(Error::Cycle { .. }) if draft.has_cycle => Ok(()),
            Ok(()) => panic!("an epoch that {page} never had was accepted"),
            Err(error) => Err(error),
        }
    }
}
