//! What a snapshot and its clones share: the bus, and the pin that keeps old bytes and names.
//!
//! Invariant: an answer that a page is not there is given only once every commit up to the epoch is published:
//! its birth may be under way until then.

use std::{sync::Arc, time::Duration};

use mmsb_page::{Pin, SnapshotError};
use mmsb_types::{Epoch, PageId, env};

use crate::{
    Error, PageInfo,
    branch::Parent,
    bus::{Inner, no_memory},
    catalogue::Names,
    graph::GraphState,
    lineage::Lineage,
    sync::{OnceLock, thread::yield_now},
};

/// How long a reader waits for commits under way.
const SETTLE_WAIT: Duration = Duration::from_secs(10);

/// A pinned epoch of a bus.
pub(super) struct Pinned {
    pub(super) bus: Arc<Inner>,
    pin: Pin,
    /// The catalogue as of then, once somebody asked.
    names: OnceLock<Names>,
    /// The graph as of then, once somebody asked.
    graph: OnceLock<GraphState>,
    /// Dropped behind the pin.
    end: Option<End>,
}

/// The end of a snapshot that passed pages: its owner frees what was saved for it, not those who commit.
struct End(Arc<Inner>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.store.reclaim();
    }
}

impl Pinned {
    pub(super) fn new(bus: Arc<Inner>) -> Self {
        let pin = bus.store.pin(|| bus.journal.last());
        Self { bus, pin, names: OnceLock::new(), graph: OnceLock::new(), end: None }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.pin.epoch()
    }

    pub(super) fn lineage(&self) -> &Lineage {
        &self.bus.lineage
    }

    pub(super) fn parent(&self) -> Parent<'_> {
        self.bus.as_parent()
    }

    pub(super) fn is_aged(&self) -> bool {
        self.pin.is_aged()
    }

    /// Gives up the pages below `page`.
    pub(super) fn pass(&mut self, page: PageId) -> bool {
        let passes = self.pin.pass(page);
        if passes && self.end.is_none() {
            self.end = Some(End(Arc::clone(&self.bus)));
        }
        passes
    }

    /// Reads a part of a page; `None` if it must be read from the log.
    pub(super) fn read(&self, page: PageId, offset: u32, buffer: &mut [u8]) -> Result<Option<Epoch>, Error> {
        self.ask(|| self.bus.store.read_at(page, &self.pin, offset, buffer))
    }

    /// Reads a whole page; `None` if it must be read from the log.
    pub(super) fn read_page(&self, page: PageId, buffer: &mut Vec<u8>) -> Result<Option<Epoch>, Error> {
        self.ask(|| self.bus.store.read_page_at(page, &self.pin, buffer))
    }

    /// Returns a page's length and the epoch of its last change.
    pub(super) fn life(&self, page: PageId) -> Result<(u32, Epoch), Error> {
        match self.ask(|| self.bus.store.life_at(page, &self.pin))? {
            Some(life) => Ok(life),
            None => self.page_from_log(page).map(|(epoch, bytes)| (bytes.len() as u32, epoch)),
        }
    }

    /// Returns the catalogue as of the epoch.
    pub(super) fn names(&self) -> Result<&Names, Error> {
        if let Some(names) = self.names.get() {
            return Ok(names);
        }
        self.settle()?;
        let names = self.bus.catalogue.as_of(self.epoch());
        let names = names.ok_or(Error::SnapshotTooOld { epoch: self.epoch() })?;
        Ok(self.names.get_or_init(|| names))
    }

    /// Returns the graph as of the epoch.
    pub(super) fn graph(&self) -> Result<&GraphState, Error> {
        if let Some(graph) = self.graph.get() {
            return Ok(graph);
        }
        self.settle()?;
        Ok(self.graph.get_or_init(|| self.bus.graph.as_of(self.epoch())))
    }

    /// Lists the pages; `None` if they must be listed from the log.
    pub(super) fn list(&self) -> Result<Option<Vec<PageInfo>>, Error> {
        let names = self.names()?;
        let mut infos = Vec::new();
        for (page, life) in self.bus.store.lives_at(&self.pin) {
            let Ok((page_bytes, epoch)) = life else { return Ok(None) };
            let (name, location) = (names.name(page).cloned(), names.location(page));
            infos.push(PageInfo { page, page_bytes, name, epoch, location });
        }
        Ok(Some(infos))
    }

    /// Waits until every commit up to the epoch is published. They wait for nobody who waits here.
    pub(super) fn settle(&self) -> Result<(), Error> {
        let start = env::now();
        while self.bus.journal.newest() < self.epoch() {
            if start.elapsed() > SETTLE_WAIT {
                let waited_ms = SETTLE_WAIT.as_millis() as u64;
                return Err(Error::Busy { what: "a commit under way", waited_ms });
            }
            yield_now();
        }
        Ok(())
    }

    /// Asks the store; `None` if only the log knows.
    fn ask<T>(&self, mut ask: impl FnMut() -> Result<T, SnapshotError>) -> Result<Option<T>, Error> {
        let epoch = self.epoch();
        loop {
            let is_settled = self.bus.journal.newest() >= epoch;
            match ask() {
                Ok(found) => return Ok(Some(found)),
                Err(SnapshotError::NotFound { page, .. }) if is_settled => {
                    return Err(Error::PageNotFound { page, epoch });
                }
                Err(SnapshotError::NotFound { .. }) => self.settle()?,
                Err(SnapshotError::OutOfBounds { page, offset, len, page_bytes, .. }) => {
                    return Err(Error::OutOfBounds { page, offset, len, page_bytes });
                }
                Err(SnapshotError::OutOfMemory { page_bytes, .. }) => return Err(no_memory(page_bytes)),
                Err(_) => return Ok(None),
            }
        }
    }
}
