//! From one kept state back to the one before it, over the changes of a page.
//!
//! Invariant: no kept state is opened unless a change behind it needs the page's image there; one that cannot be
//! read is passed over for an older one.

use std::{fmt, sync::Arc, time::Duration};

use mmsb_types::{Epoch, PageEvent, PageId};

use super::{
    Change,
    span::{Span, With},
    track::Track,
};
use crate::{
    Error,
    bus::Inner,
    index::{Filter, Finder, Order, Stretch},
    info::events,
    journal::Origin,
    texts::Texts,
};

/// How long commits under way are waited for that bring a text.
const TEXTS_WAIT: Duration = Duration::from_secs(10);

/// What is left of a page's history.
pub(super) struct Spans {
    bus: Arc<Inner>,
    page: PageId,
    texts: Texts,
    /// Newest first.
    finder: Finder,
    /// Found, and perhaps not all of it used.
    pending: Option<Stretch>,
    /// The newest change that may be left.
    until: u64,
    /// The states that are kept, rising.
    starts: Vec<u64>,
}

impl Spans {
    pub(super) fn new(bus: Arc<Inner>, page: PageId, newest: Epoch) -> Result<Self, Error> {
        let extent = bus.journal.extent(newest)?;
        let texts = bus.texts_as_of(newest)?;
        let manifest = bus.journal.dir().manifest();
        let is_kept = |&epoch: &u64| epoch > extent.oldest && epoch < extent.newest;
        let checkpoints = manifest.checkpoints.iter();
        let kept = checkpoints.filter(|checkpoint| manifest.resume_at(checkpoint.cursor).is_some());
        let mut starts = vec![extent.oldest];
        starts.extend(kept.map(|checkpoint| checkpoint.epoch()).filter(is_kept));
        let filter = Filter::epochs(0..=u64::MAX).page(page);
        let until = extent.newest;
        let finder = Finder::new(Arc::clone(bus.journal.indexes()), extent, filter, Order::NewestFirst);
        Ok(Self { bus, page, texts, finder, pending: None, until, starts })
    }

    /// Returns the newest changes that are left, down to a kept state: some of them read, all of them found.
    pub(super) fn next(&mut self) -> Result<Option<(Span, Vec<Change>)>, Error> {
        let Some(newest) = self.newest()? else { return Ok(None) };
        let behind = self.starts.partition_point(|&start| start < newest);
        self.starts.truncate(behind);
        let start = self.starts.pop().unwrap_or(self.finder.extent().oldest);
        let mut stretches = self.pull(start)?;
        let (older, image) = self.image(start, &stretches)?;
        if older < start {
            self.pull_more(older, start, &mut stretches)?;
        }
        let start = older;
        self.starts.retain(|&older| older < start);
        let range = (start + 1, std::mem::replace(&mut self.until, start));
        Span::follow(stretches, range, Track::new(self.page, image), self.with()).map(Some)
    }

    /// Reads the newest group of a span.
    pub(super) fn read_newest(&self, span: &mut Span) -> Result<Option<Vec<Change>>, Error> {
        span.read_newest(self.with())
    }

    /// Tells whether the page lived in the oldest state.
    pub(super) fn lived_at_oldest(&self) -> Result<bool, Error> {
        self.image_at(self.finder.extent().oldest).map(|(_, image)| image.is_some())
    }

    /// Leaves nothing.
    pub(super) fn end(&mut self) {
        (self.until, self.pending) = (0, None);
    }

    fn with(&self) -> With<'_> {
        With { kept: self.bus.journal.kept(), texts: &self.texts }
    }

    /// Returns the newest change that is left.
    fn newest(&mut self) -> Result<Option<u64>, Error> {
        while self.until > 0 {
            if self.pending.is_none() {
                self.pending = self.finder.next_stretch()?;
            }
            let Some(pending) = &self.pending else { break };
            let newest = pending.epochs().rev().find(|&epoch| epoch <= self.until);
            if newest.is_some() {
                return Ok(newest);
            }
            self.pending = None;
        }
        Ok(None)
    }

    /// Takes what is left behind `start`, oldest first. A stretch that reaches over it stays pending, too.
    fn pull(&mut self, start: u64) -> Result<Vec<Stretch>, Error> {
        let mut pulled = Vec::new();
        loop {
            let next = match self.pending.take() {
                Some(pending) => Some(pending),
                None => self.finder.next_stretch()?,
            };
            let Some(stretch) = next else { break };
            if stretch.epochs().next().is_some_and(|first| first > start) {
                pulled.push(stretch);
                continue;
            }
            if stretch.epochs().next_back().is_some_and(|last| last > start) {
                pulled.push(stretch.clone());
            }
            self.pending = Some(stretch);
            break;
        }
        pulled.reverse();
        Ok(pulled)
    }

    /// Takes what is left behind `older`, too: the state at `start` could not be read.
    fn pull_more(&mut self, older: u64, start: u64, stretches: &mut Vec<Stretch>) -> Result<(), Error> {
        let reaches_over = |pending: &Stretch| pending.epochs().next_back().is_some_and(|last| last > start);
        if self.pending.as_ref().is_some_and(reaches_over) {
            // It comes again.
            stretches.remove(0);
        }
        let more = self.pull(older)?;
        stretches.splice(..0, more);
        Ok(())
    }

    /// Returns the page at the state `start`, or at an older one; of a page that is created by the first change
    /// behind it, nothing need be known.
    fn image(&self, start: u64, stretches: &[Stretch]) -> Result<(u64, Option<Vec<u8>>), Error> {
        let first = stretches.iter().flat_map(Stretch::epochs).find(|&epoch| epoch > start);
        let mut is_created = false;
        if let (Some(first), Some(stretch)) = (first, stretches.first()) {
            stretch.read(self.bus.journal.kept(), &mut None, first..=first, |commit| {
                is_created = events(commit.frame.sections)?
                    .iter()
                    .any(|event| matches!(event, PageEvent::Created { page, .. } if *page == self.page));
                Ok(())
            })?;
        }
        if is_created { Ok((start, None)) } else { self.image_at(start) }
    }

    fn image_at(&self, start: u64) -> Result<(u64, Option<Vec<u8>>), Error> {
        let load = |origin: Origin| {
            let state = origin.pages(&[self.page])?.remove(&self.page);
            Ok((origin.heading().epoch.get(), state.map(|state| state.bytes.to_vec())))
        };
        self.bus.journal.kept_at(Epoch::new(start), load)
    }
}

impl Inner {
    /// Returns all texts that commits up to `epoch` name, which are published.
    ///
    /// # Errors
    /// [`Error::Busy`] if one of them does not end.
    pub(crate) fn texts_as_of(&self, epoch: Epoch) -> Result<Texts, Error> {
        let waited_ms = TEXTS_WAIT.as_millis() as u64;
        let texts = self.interner.as_of(epoch, TEXTS_WAIT);
        texts.ok_or(Error::Busy { what: "a commit under way", waited_ms })
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} up to e{}, kept at {:?}", self.page, self.until, self.starts)
    }
}
