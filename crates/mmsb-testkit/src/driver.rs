//! Random transactions, committed to a bus and to the model side by side.

use mmsb::{Branch, Bus, Epoch, Error, PageId, Rewound, Transaction};

use crate::{Model, ModelState, Rng, draft::Draft};

const NAMES: [&str; 6] = ["world", "player", "score", "map", "queue", "\u{fc}ber"];
const TAGS: [&str; 4] = ["physics", "ai", "net", "input"];
/// Lengths with the edges of words, lines, the single frame, compact entries and boxed frames in between.
const PAGE_BYTES: [usize; 9] = [1, 7, 8, 40, 64, 65, 1000, 4096, 5000];
/// Long enough for boxed frames; beyond what a compact entry's offset reaches.
const LONG_PAGE_BYTES: [usize; 2] = [70_000, (1 << 20) + 4200];
const PAGES_MAX: usize = 12;

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
        for (&page, then) in &mut state.pages {
            let now = self.model.newest().pages.get(&page);
            let is_same = now.is_some_and(|now| now.bytes == then.bytes);
            let epoch = bus.page_epoch(page).expect("a page that lived then");
            // Bytes that went forth and back may be written again, or not: the state is the same.
            let kept = now.map(|now| now.epoch).filter(|_| is_same);
            assert!(epoch == rewound.epoch || Some(epoch) == kept, "{page} is of {epoch} after {rewound:?}");
            then.epoch = epoch;
        }
        self.model.push(state);
        rewound
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

    fn act(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let count = draft.state.pages.len();
        match self.rng.below(12) {
            0 | 1 if count < PAGES_MAX => self.create(tx, draft),
            _ if count == 0 => Ok(()),
            2 => {
                let page = self.page(draft);
                draft.delete(page);
                tx.delete_page(page)
            }
            3 => self.rename(tx, draft),
            4 => self.swap_names(tx, draft),
            5 | 6 => self.capture(tx, draft),
            7 => self.read(tx, draft),
            _ => self.write(tx, draft),
        }
    }

    fn create(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let long = self.rng.once_in(24);
        let page_bytes = if long { self.rng.pick(&LONG_PAGE_BYTES) } else { self.rng.pick(&PAGE_BYTES) };
        let name = self.name();
        draft.create(tx.create_page(name, page_bytes)?, name, page_bytes);
        Ok(())
    }

    fn rename(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let (page, name) = (self.page(draft), self.name());
        draft.name(page, name);
        tx.name_page(page, name)
    }

    fn swap_names(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let (one, other) = (self.page(draft), self.page(draft));
        let name_of = |page| draft.state.pages[&page].name.clone();
        let (one_name, other_name) = (name_of(one), name_of(other));
        draft.name(one, other_name.as_deref());
        draft.name(other, one_name.as_deref());
        tx.name_page(one, other_name.as_deref())?;
        tx.name_page(other, one_name.as_deref())
    }

    fn write(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let page = self.page(draft);
        let (offset, len) = self.span(draft, page);
        let bytes = self.rng.bytes(len);
        draft.write(page, offset, &bytes);
        tx.put(page, offset as u32, bytes.as_slice())
    }

    fn capture(&mut self, tx: &mut Transaction<'_>, draft: &mut Draft) -> Result<(), Error> {
        let page = self.page(draft);
        let mut image = draft.state.pages[&page].bytes.to_vec();
        for _ in 0..self.rng.below(4) {
            let (offset, len) = self.span(draft, page);
            image[offset..][..len].copy_from_slice(&self.rng.bytes(len));
        }
        draft.capture(page, &image);
        tx.capture(page, image)
    }

    fn read(&mut self, tx: &mut Transaction<'_>, draft: &Draft) -> Result<(), Error> {
        let page = self.page(draft);
        let (offset, len) = self.span(draft, page);
        let mut buffer = vec![0xa5; len];
        tx.read(page, offset as u32, &mut buffer)?;
        assert_eq!(buffer, draft.state.pages[&page].bytes[offset..][..len], "own writes of {page}");
        Ok(())
    }

    fn page(&mut self, draft: &Draft) -> PageId {
        let index = self.rng.below(draft.state.pages.len());
        *draft.state.pages.keys().nth(index).expect("an index below the count")
    }

    /// Returns a page that lived before the transaction and still does.
    fn old_page(&mut self, draft: &Draft) -> Option<PageId> {
        let lives = |page: &&PageId| draft.state.pages.contains_key(page);
        let old: Vec<_> = self.model.newest().pages.keys().filter(lives).copied().collect();
        (!old.is_empty()).then(|| self.rng.pick(&old))
    }

    fn name(&mut self) -> Option<&'static str> {
        if self.rng.once_in(3) { None } else { Some(self.rng.pick(&NAMES)) }
    }

    /// Returns offset and length within a page, short ones more often than long ones.
    fn span(&mut self, draft: &Draft, page: PageId) -> (usize, usize) {
        let page_bytes = draft.state.pages[&page].bytes.len();
        let offset = self.rng.below(page_bytes);
        let room = page_bytes - offset;
        let most = if self.rng.once_in(4) { room } else { room.min(48) };
        (offset, self.rng.below(most + 1))
    }
}
