//! Waves whose longer ranks are computed by several workers.

use std::ops::Range;

use super::Schedule;
use crate::{Graph, RecomputeShared, Wave, Workers, workers::Job};

impl Schedule {
    /// As [`Schedule::run`], with the pages of a rank shared out among workers where it takes long. Bytes, report
    /// and error are the same for any number of workers.
    ///
    /// # Errors
    /// As [`Schedule::run`].
    pub fn run_shared<W: RecomputeShared>(
        &mut self,
        graph: &Graph,
        work: &mut W,
        workers: &Workers,
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        if workers.is_alone() {
            return self.run(graph, work, wave);
        }
        self.course = None;
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
        work: &mut W,
        workers: &Workers,
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        let mut place = 0;
        while let Some(rank) = self.line_up(graph, place) {
            let (end, mut patience) = (self.line.len(), workers.patience());
            while place < end && !patience.is_over(end - place) {
                self.turn(graph, place..place + 1, rank, work, wave)?;
                place += 1;
            }
            self.turn_shared(graph, place..end, rank, (work, workers), wave)?;
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
        (work, workers): (&mut W, &Workers),
        wave: &mut Wave,
    ) -> Result<(), W::Error> {
        let mut jobs = self.jobs(graph, places, rank, work);
        let shared: &W = work;
        workers.share(&mut jobs, |step| shared.compute(step));
        for Job { step, result } in jobs {
            // Undone are only jobs behind a failed one.
            let Some(result) = result else { continue };
            let outcome = work.finish(&step, result?);
            self.record(graph, &step, outcome, wave);
        }
        Ok(())
    }

    /// Prepares those at these places of the line, up to the first where that fails: it ends the list.
    fn jobs<W: RecomputeShared>(
        &self,
        graph: &Graph,
        places: Range<usize>,
        rank: u32,
        work: &mut W,
    ) -> Vec<Job<W::Made, W::Error>> {
        let mut jobs = Vec::with_capacity(places.len());
        for place in places {
            let step = self.step(graph, place, rank);
            let result = work.prepare(&step).err().map(Err);
            let is_last = result.is_some();
            jobs.push(Job { step, result });
            if is_last {
                break;
            }
        }
        jobs
    }
}
