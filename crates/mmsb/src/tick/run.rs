//! Running one frame.

use std::{sync::Arc, time::Duration};

use mmsb_types::{Durability, Epoch, Label};

use super::{TickReport, Ticks, laps::Laps};
use crate::{Bus, Error, Transaction, WaveReport, commit};

impl<'b> Ticks<'b> {
    /// Runs a frame: `frame` changes what it wants, all of it is one commit, and what follows from it is computed;
    /// then it waits for durability and mirrors.
    ///
    /// On a bus that defers, pages that wait are computed in a commit of their own, with the same label and tag.
    ///
    /// # Errors
    /// What `frame` returns, and those of [`Transaction::commit`]: nothing was changed, or the bus is poisoned and
    /// [`Error::OutcomeUnknown`] says so. A failure of what comes behind the commit is in the report: the commit stays.
    ///
    /// # Panics
    /// If `frame` does, having changed nothing; if the one who is called back does.
    #[track_caller]
    pub fn run(
        &mut self,
        frame: impl FnOnce(&mut Transaction<'_>) -> Result<(), Error>,
    ) -> Result<TickReport, Error> {
        let _span = tracing::debug_span!("tick").entered();
        let mut laps = Laps::start();
        let (mut tx, label) = (self.begin(), self.label);
        frame(&mut tx)?;
        let changes = laps.lap();
        let epoch = tx.commit()?.epoch;
        self.label = label.map(|label| label.wrapping_add(1));
        let mut report = TickReport::of(epoch, label.map(Label::new), self.budget);
        self.bus.wave_since(epoch).iter().for_each(|wave| report.add_wave(wave));
        (report.times.changes, report.times.commit) = (changes, laps.lap());
        self.finish(&mut laps, &mut report)?;
        Ok(report)
    }

    /// Begins a commit of a frame; nobody waits for it yet.
    #[track_caller]
    fn begin(&self) -> Transaction<'b> {
        let mut tx = self.bus.begin().durability(Durability::Volatile);
        if let Some(label) = self.label {
            tx = tx.label(label);
        }
        match &self.tag {
            Some(tag) => tx.tag(tag),
            None => tx,
        }
    }

    /// Does what comes behind the commit.
    #[track_caller]
    fn finish(&mut self, laps: &mut Laps, report: &mut TickReport) -> Result<(), Error> {
        self.propagate(laps, report);
        report.times.propagation = laps.lap();
        report.reached = commit::settle(self.bus, report.through, self.durability)?.reached;
        report.times.durability = laps.lap();
        self.bring_mirrors(report);
        report.times.mirrors = laps.lap();
        report.stats = self.has_stats.then(|| Box::new(self.bus.stats()));
        report.times.stats = laps.lap();
        report.spent = laps.spent();
        if report.over() > Duration::ZERO
            && let Some(call) = &mut self.overrun
        {
            call(report);
        }
        Ok(())
    }

    /// Computes pages that wait, unless there is no time, and they wait only since this frame.
    #[track_caller]
    fn propagate(&mut self, laps: &Laps, report: &mut TickReport) {
        if !self.bus.defers() {
            return;
        }
        let is_late = self.budget.is_some_and(|budget| laps.spent() > budget);
        self.is_behind = is_late && !self.is_behind;
        if !self.is_behind {
            match self.bus.propagate_in(self.begin_again(report.label)) {
                Ok(wave) => report.add_wave(&wave),
                Err(error) => report.fail(error),
            }
        }
        report.stale_count = self.bus.graph().map_or(0, |graph| graph.stale().len());
    }

    /// Begins the commit that follows a frame's own, under the same label.
    #[track_caller]
    fn begin_again(&self, label: Option<Label>) -> Transaction<'b> {
        let tx = self.begin();
        match label {
            Some(label) => tx.label(label),
            None => tx,
        }
    }

    fn bring_mirrors(&self, report: &mut TickReport) {
        let device = self.bus.device();
        for mirror in self.mirrors.iter().copied().chain(device.as_ref().map(Arc::as_ref)) {
            if let Err(error) = mirror.wait(report.through) {
                report.fail(error);
            }
        }
    }
}

impl Bus {
    /// Returns the last wave, if it was that of the commit of `epoch`, or a later one.
    fn wave_since(&self, epoch: Epoch) -> Option<Arc<WaveReport>> {
        let is_used = self.graph_lock().is_used();
        let last = is_used.then(|| self.graph_lock().lock().last.clone()).flatten();
        last.filter(|wave| wave.epoch() >= epoch)
    }
}
