//! Reading commits that an index names, going back.
//!
//! Invariant: what was read together is read once.

use std::{collections::BTreeMap, rc::Rc};

use mmsb_tlog::{Commit, Reader};
use mmsb_types::{Epoch, PageEvent, PageId, Span};

use crate::{
    Bus, Error, Event,
    index::{Backwards, Looked},
    info,
    kept::Kept,
    texts::Texts,
};

/// The log, as it was when it was asked.
pub(super) struct Reads {
    back: Backwards,
    kept: Kept,
    texts: Texts,
    /// What read the last of them.
    reader: Option<Reader>,
    /// Commits that were read together and are wanted.
    window: BTreeMap<u64, Rc<Event>>,
}

/// Commits that were looked at for who wrote bytes.
pub(super) struct Passed {
    /// Those that have to do with the bytes, oldest first.
    pub(super) events: Vec<Event>,
    /// The oldest of them.
    pub(super) first: u64,
    /// How many there were.
    pub(super) count: u64,
}

impl Reads {
    pub(super) fn new(bus: &Bus) -> Result<Self, Error> {
        let (journal, newest) = (bus.journal(), bus.epoch());
        let extent = journal.extent(newest)?;
        let texts = bus.shared().texts_as_of(newest)?;
        let back = Backwards::new(journal.indexes().clone(), extent);
        Ok(Self { back, kept: journal.kept().clone(), texts, reader: None, window: BTreeMap::new() })
    }

    /// Returns the oldest state that can be shown.
    pub(super) fn oldest(&self) -> Epoch {
        Epoch::new(self.back.oldest())
    }

    /// Finds the last commit up to `until` that touches the page, in one segment at a time.
    pub(super) fn look(&mut self, page: PageId, until: u64) -> Result<Looked, Error> {
        self.back.look(page, until)
    }

    /// Returns what a commit did. If it must be read, all others near it of which `is_wanted` are read, too.
    pub(super) fn event(
        &mut self,
        epoch: u64,
        wanted: impl FnOnce(u64) -> Vec<u64>,
    ) -> Result<Rc<Event>, Error> {
        if !self.window.contains_key(&epoch) {
            let stretch = self.back.around(epoch, wanted)?;
            let (window, texts) = (&mut self.window, &mut self.texts);
            window.clear();
            stretch.read(&self.kept, &mut self.reader, 0..=epoch, |commit| {
                window.insert(commit.epoch.get(), Rc::new(Event::read(commit, texts)?));
                Ok(())
            })?;
        }
        // A stretch that does not hold what it was made for is an error above.
        Ok(Rc::clone(&self.window[&epoch]))
    }

    /// Reads the commits up to `until` to the page that stand together, and keeps those that have to do with `left`.
    pub(super) fn pass(&mut self, page: PageId, until: u64, left: &[Span]) -> Result<Passed, Error> {
        let stretch = self.back.stretch(page, until)?;
        let (first, count) = (stretch.epochs().next().unwrap_or(until), stretch.epochs().count() as u64);
        let (mut events, texts) = (Vec::new(), &mut self.texts);
        stretch.read(&self.kept, &mut self.reader, 0..=until, |commit| {
            if bears_on(commit, page, left)? {
                events.push(Event::read(commit, texts)?);
            }
            Ok(())
        })?;
        Ok(Passed { events, first, count })
    }
}

/// Tells whether a commit wrote any of the bytes, or began or ended the page's life.
fn bears_on(commit: &Commit<'_>, page: PageId, left: &[Span]) -> Result<bool, String> {
    let frame = &commit.frame;
    let writes = |span: Span| left.iter().any(|left| left.overlaps(span));
    if frame.batch.iter().any(|(written, patch)| written == page && writes(patch.span())) {
        return Ok(true);
    }
    let changes_life = |event: &PageEvent| event.page() == page && !matches!(event, PageEvent::Named { .. });
    info::events(frame.sections).map(|events| events.iter().any(changes_life))
}
