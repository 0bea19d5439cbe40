//! Waves whose larger ranks are computed by several workers.

use std::ops::Range;

use super::Schedule;
use crate::{Graph, Outcome, Recompute, RecomputeShared, Step, Wave, Workers, workers::Job};

impl Schedule {
    /// As [`Schedule::run`], with the pages of a rank shared out among workers where there are enough of them.
    /// Bytes, report and error are the same for any number of workers. What a failing page's rank computed
    /// beside it is not.
    ///
    /// # Errors
    /// As [`Schedule::run`].
    pub fn run_shared<W: RecomputeShared>(
        &mut self,
        graph: &Graph,
        work: &W,
        workers: &Workers,
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        self.begin(graph, wave);
        let result = self.go_shared(graph, work, workers, wave);
        if result.is_err() {
            wave.clear();
        }
        result
    }

    fn go_shared<W: RecomputeShared>(
        &mut self,
        graph: &Graph,
        work: &W,
        workers: &Workers,
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        let mut place = 0;
        while let Some(rank) = self.line_up(graph, place) {
            let end = self.line.len();
            if workers.pay_for(end - place) {
                self.turn_shared(graph, place..end, rank, (work, workers), wave)?;
            } else {
                self.turn(graph, place..end, rank, &mut Alone(work), wave)?;
            }
            place = end;
        }
        Ok(())
    }

    /// Gives everybody at these places of the line a turn at once, then looks at what became of them one by one.
    fn turn_shared<W: RecomputeShared>(
        &mut self,
        graph: &Graph,
        places: Range<usize>,
        rank: u32,
        (work, workers): (&W, &Workers),
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        let start = wave.cause_count();
        let mut jobs = self.jobs(graph, places, wave);
        let ends: Vec<usize> = jobs.iter().map(|job| job.causes_end).collect();
        workers.share(&mut jobs, |place, job: &Job<W::Error>| {
            let from = place.checked_sub(1).map_or(start, |before| ends[before]);
            let causes = wave.causes_between(from, job.causes_end);
            work.recompute(&Step { page: graph.node(job.slot).page, slot: job.slot, rank, causes })
        });
        for job in jobs {
            // Undone are only jobs behind a failed one.
            let Some(result) = job.result else { continue };
            self.record(graph, (job.slot, graph.node(job.slot)), result?, job.causes_end, wave);
        }
        Ok(())
    }

    fn jobs<E>(&mut self, graph: &Graph, places: Range<usize>, wave: &mut Wave) -> Vec<Job<E>> {
        let explain = |place: usize| {
            let slot = self.line[place];
            let causes_end = self.explain(graph, graph.node(slot), wave);
            Job { slot, causes_end, result: None }
        };
        places.map(explain).collect()
    }
}

/// Lets shared work be done by one.
struct Alone<'a, W>(&'a W);

impl<W: RecomputeShared> Recompute for Alone<'_, W> {
    type Error = W::Error;

    fn recompute(&mut self, step: &Step<'_>) -> Result<Outcome, W::Error> {
        self.0.recompute(step)
    }
}
