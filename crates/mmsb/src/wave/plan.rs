//! From what a transaction changes to what follows from it: the wave, its report, the flags.
//!
//! Invariant: a plan changes nothing but the desk, and the transaction in hand.

use mmsb_graph::{Graph, Wave};
use mmsb_types::{EdgeKind, GraphEvent, PageId};

use super::{LiveGraph, WaveReport, cause, desk::Desk, report::Causes, run::Run, token::Token};
use crate::{Bus, Error, Transaction, graph::GraphState};

/// What a wave came to, but for the bytes, which are on the desk and in the transaction.
#[derive(Default)]
pub(super) struct Planned {
    pub(super) report: WaveReport,
    pub(super) flags: Vec<GraphEvent>,
}

/// What a wave is to do.
pub(super) struct Task<'t> {
    pub(super) bus: &'t Bus,
    /// The graph as the commit leaves it.
    pub(super) state: &'t GraphState,
    /// Pages to be computed, whatever their inputs did.
    pub(super) wanted: &'t [PageId],
    /// Other pages are left stale.
    pub(super) defers: bool,
}

impl Task<'_> {
    /// Computes what follows from the transaction, and adds it.
    ///
    /// # Errors
    /// [`Error::DerivedPage`], and those of the functions.
    pub(super) fn plan(&self, live: &mut LiveGraph, tx: &mut Transaction<'_>) -> Result<Planned, Error> {
        live.schedule.clear();
        live.desk.begin(self.state.structure().slot_bound());
        self.touch(live, tx)?;
        self.wanted.iter().for_each(|&page| live.schedule.want(page));
        let planned = self.run(live, tx.detail().is_none())?;
        self.join(&planned.report, live, tx)?;
        Ok(planned)
    }

    pub(super) fn graph(&self) -> &Graph {
        self.state.structure()
    }

    /// Computes all that follows; notes what changes, if the transaction can take it so.
    fn run(&self, live: &mut LiveGraph, notes: bool) -> Result<Planned, Error> {
        let LiveGraph { functions, schedule, desk, patches, workers, last } = live;
        patches.clear();
        let workers = workers.get_or_insert_with(|| self.bus.hands().start());
        let mut run = Run {
            store: self.bus.store(),
            state: self.state,
            functions,
            desk,
            patches: notes.then_some(patches),
            wanted: self.defers.then_some(self.wanted),
            left: Vec::new(),
            made: Vec::new(),
        };
        // Most waves are as the one before.
        let mut wave = Wave::with_capacity(last.as_ref().map_or(0, |report| report.wave.count()));
        let token = Token::enter();
        schedule.run_shared(self.graph(), &mut run, workers, &mut wave)?;
        drop(token);
        let left = run.left;
        let causes = Causes::of(&wave, schedule, self.graph());
        Ok(self.report(wave, causes, left))
    }

    fn report(&self, wave: Wave, causes: Causes, mut left: Vec<PageId>) -> Planned {
        left.sort_unstable();
        let (stale, flags) = self.flags(&wave, &left);
        let skipped = wave.skipped(self.graph());
        Planned { report: WaveReport { wave, causes, skipped, stale, left, ..WaveReport::default() }, flags }
    }

    /// Finds what becomes stale, and what is stale no more.
    fn flags(&self, wave: &Wave, left: &[PageId]) -> (Vec<PageId>, Vec<GraphEvent>) {
        let mut stale = self.warned(wave);
        if stale.is_empty() && left.is_empty() && self.state.stale().len() == 0 {
            return (stale, Vec::new());
        }
        let computed = |page: &PageId| left.binary_search(page).is_err();
        let mut ran: Vec<PageId> = wave.ran().map(|ran| ran.page).filter(computed).collect();
        ran.sort_unstable();
        stale.retain(|page| ran.binary_search(page).is_err());
        stale.extend_from_slice(left);
        stale.sort_unstable();
        stale.dedup();
        let fresh = ran.iter().filter(|&&page| self.state.is_stale(page));
        let mut flags: Vec<_> = fresh.map(|&page| GraphEvent::Fresh { page }).collect();
        let newly = stale.iter().filter(|&&page| !self.state.is_stale(page));
        flags.extend(newly.map(|&page| GraphEvent::Stale { page }));
        (stale, flags)
    }

    /// Returns the pages that Control edges lead to from what changed.
    fn warned(&self, wave: &Wave) -> Vec<PageId> {
        if self.graph().kind_count(EdgeKind::Control) == 0 {
            return Vec::new();
        }
        let changed = wave.touched().iter().copied().chain(wave.changed());
        changed.flat_map(|page| self.graph().children_by(page, EdgeKind::Control)).collect()
    }

    /// Adds to the transaction what the wave made, and why.
    fn join(&self, report: &WaveReport, live: &LiveGraph, tx: &mut Transaction<'_>) -> Result<(), Error> {
        if report.wave.changed().next().is_none() {
            return Ok(());
        }
        let is_joined = tx.detail().is_none() && live.patches.join(&mut tx.draft);
        if !is_joined {
            self.capture(report, &live.desk, tx)?;
        }
        cause::encode(report.explained(), &mut tx.draft.columns().cause);
        Ok(())
    }

    fn capture(&self, report: &WaveReport, desk: &Desk, tx: &mut Transaction<'_>) -> Result<(), Error> {
        tx.make_detail()?.reserve(report.wave.count());
        for page in report.wave.changed() {
            let slot = self.graph().slot(page).ok_or(Error::Conflict { page })?;
            tx.capture(page, desk.bytes(slot))?;
        }
        Ok(())
    }
}
