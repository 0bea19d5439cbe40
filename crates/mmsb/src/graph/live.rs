//! The graph of a live bus: the newest state, what newer commits replaced in it, and the lock of who changes it.
//!
//! Two locks. The *graph lock* is held from planning to publication, by whoever changes the graph or a page that
//! others depend on; whoever takes it holds no committer yet, and takes one, or all, under it. The other is held
//! for a moment, by whoever looks, and to apply or take back a plan; nobody waits for anything while he holds it, so
//! a checkpoint can look while a commit that has the graph lock waits for it.
//!
//! A plan is applied to the newest state before its commit has a number. Who looks takes back whatever is newer than
//! the epoch that he asks for, a plan without a number first of all: so nobody sees what may still be refused.
//!
//! Invariant: as of a pinned epoch, and as of the newest one, the state can be had. From reservation to publication
//! nothing here allocates, waits for longer than a moment, or fails.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, PoisonError},
};

use mmsb_types::{Epoch, GraphEvent, PageId};

use super::{
    Before, GraphState, Plan,
    plan::{GraphEdit, Wanted, plan},
};
use crate::{
    Error,
    stats::GraphStats,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    wave::LiveGraph,
};

/// The number of a commit that has none yet: later than all.
const PENDING: Epoch = Epoch::new(u64::MAX);

/// The graph of one bus.
#[derive(Debug)]
pub(crate) struct GraphLock {
    live: Mutex<LiveGraph>,
    versions: Mutex<Versions>,
    /// There is an edge. It changes while all committers are held.
    is_used: AtomicBool,
}

/// The newest state, and what each newer commit replaced, by rising epoch.
#[derive(Debug)]
struct Versions {
    newest: GraphState,
    replaced: VecDeque<Replaced>,
}

/// What one commit replaced.
#[derive(Clone, Debug)]
struct Replaced {
    /// The commit's epoch, or [`PENDING`].
    made: Epoch,
    before: Arc<Before>,
    /// The commit that had changed the graph before it.
    last: Epoch,
}

/// One commit's change of the graph; dropped unpublished, it leaves the graph as it was.
#[must_use = "a change that is not published changes nothing"]
pub(crate) struct GraphChange<'g> {
    graph: &'g GraphLock,
    events: Vec<GraphEvent>,
    before: Arc<Before>,
    is_published: bool,
}

impl GraphLock {
    /// Starts from the state that a log amounts to.
    pub(crate) fn new(newest: GraphState) -> Self {
        let is_used = AtomicBool::new(!newest.is_empty());
        let versions = Mutex::new(Versions { newest, replaced: VecDeque::new() });
        Self { live: Mutex::default(), versions, is_used }
    }

    /// Tells whether there is an edge. Stays as it is while the caller holds a committer.
    #[inline]
    pub(crate) fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Notes whether there is an edge, once a commit has changed that; all committers are held.
    pub(crate) fn note_use(&self) {
        self.is_used.store(!self.versions().newest.is_empty(), Ordering::Relaxed);
    }

    /// Takes the graph lock. Whoever takes it holds no committer, and nothing of the catalogue.
    pub(crate) fn lock(&self) -> MutexGuard<'_, LiveGraph> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plans a change under the graph lock.
    ///
    /// `is_pinned(until)` tells whether somebody looks, or may be about to look, at an epoch before `until`.
    ///
    /// # Errors
    /// As [`plan`].
    pub(crate) fn change<'g>(
        &'g self,
        _held: &LiveGraph,
        wanted: &Wanted<'_>,
        is_pinned: impl Fn(Epoch) -> bool,
    ) -> Result<GraphChange<'g>, Error> {
        let mut versions = self.versions();
        let Plan { events, before } = plan(&mut versions.newest, wanted)?;
        let before = Arc::new(before);
        versions.forget(is_pinned);
        let last = versions.newest.epoch;
        versions.replaced.push_back(Replaced { made: PENDING, before: Arc::clone(&before), last });
        Ok(GraphChange { graph: self, events, before, is_published: false })
    }

    /// Returns the state as of `epoch`, which is pinned, and which the published prefix has reached.
    ///
    /// # Cost
    /// Some counts; if the graph was changed since, a copy of it.
    pub(crate) fn as_of(&self, epoch: Epoch) -> GraphState {
        let (mut state, newer) = self.versions().as_of(epoch);
        for Replaced { before, last, .. } in &newer {
            state.restore(before);
            state.epoch = *last;
        }
        state
    }

    /// Tells whether the page has an edge, or is about to.
    pub(crate) fn contains(&self, page: PageId) -> bool {
        self.versions().newest.contains(page)
    }

    /// Returns the newest state; called by who holds the graph lock, for else it may hold what is refused.
    pub(crate) fn newest(&self, _held: &LiveGraph) -> GraphState {
        self.versions().newest.clone()
    }

    /// Returns how large the state as of about `epoch` is.
    pub(crate) fn stats(&self, epoch: Epoch) -> GraphStats {
        let state = self.as_of(epoch);
        let structure = state.structure();
        GraphStats {
            node_count: structure.page_count() as u64,
            edge_count: structure.edge_count() as u64,
            depth_max: structure.depth_max(),
            derived_count: state.derived().len() as u64,
            stale_count: state.stale().len() as u64,
        }
    }

    fn versions(&self) -> MutexGuard<'_, Versions> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Versions {
    /// Returns the newest state, and what is to be taken back, newest first.
    fn as_of(&self, epoch: Epoch) -> (GraphState, Vec<Replaced>) {
        let newer = self.replaced.iter().rev().take_while(|replaced| replaced.made > epoch);
        (self.newest.clone(), newer.cloned().collect())
    }

    /// Gives up what nobody looks behind. Who looks from now on looks at the newest state or a later one.
    fn forget(&mut self, is_pinned: impl Fn(Epoch) -> bool) {
        while self.replaced.front().is_some_and(|front| !is_pinned(front.made)) {
            self.replaced.pop_front();
        }
    }
}

impl GraphChange<'_> {
    /// Returns the events that the commit logs.
    pub(crate) fn events(&self) -> &[GraphEvent] {
        &self.events
    }

    /// Adds flags that follow from the commit.
    ///
    /// # Errors
    /// As [`plan`]; the change is then as before.
    pub(crate) fn add(&mut self, flags: &[GraphEvent]) -> Result<(), Error> {
        let mut versions = self.graph.versions();
        let edits: Vec<_> = flags.iter().cloned().map(GraphEdit::Event).collect();
        let wanted = Wanted { edits: &edits, is_exact: true, lives: &|_| true, epoch: Epoch::ZERO };
        let Plan { events, before } = plan(&mut versions.newest, &wanted)?;
        self.events.extend(events);
        Arc::make_mut(&mut self.before).add_newer(&before);
        versions.replaced.iter_mut().rev().take(1).for_each(|own| own.before = Arc::clone(&self.before));
        Ok(())
    }

    /// Returns the pages whose edges, or registrations, are others than before.
    pub(crate) fn touched(&self) -> BTreeSet<PageId> {
        self.before.touched(&self.graph.versions().newest)
    }

    /// Returns what the commit replaces.
    pub(crate) fn before(&self) -> &Arc<Before> {
        &self.before
    }

    /// Lets everyone see the change as of `epoch`. Call it before the commit counts as published.
    pub(crate) fn publish(&mut self, epoch: Epoch) {
        let mut versions = self.graph.versions();
        versions.newest.note(&self.events, epoch);
        versions.replaced.iter_mut().rev().take(1).for_each(|replaced| replaced.made = epoch);
        self.is_published = true;
    }
}

impl Drop for GraphChange<'_> {
    fn drop(&mut self) {
        if !self.is_published {
            let mut versions = self.graph.versions();
            versions.replaced.pop_back();
            versions.newest.restore(&self.before);
        }
    }
}
